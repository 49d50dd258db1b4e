//! Reading a message once, as it streams by.

mod fields;
mod line;
mod part;
mod scanner;

pub use scanner::Scanner;
