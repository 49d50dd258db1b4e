//! Whole sessions of SMTP and LMTP, with a backend made of rules instead of the other compartments.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod dialogs;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;
#[cfg(test)]
mod support;
