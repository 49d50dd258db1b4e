//! The channels.
