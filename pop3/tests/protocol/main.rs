//! Whole sessions, with a store in memory instead of the other compartments.

#[cfg(test)]
mod connection;
#[cfg(test)]
mod dialogs;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod foresight;
#[cfg(test)]
mod large;
#[cfg(test)]
mod offences;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;
