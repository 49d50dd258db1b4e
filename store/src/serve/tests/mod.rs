//! The services over real channels, with the clients that readers use.
