//! The role's way to the other compartments, over real channels.

#[cfg(test)]
mod backend;
