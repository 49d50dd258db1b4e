//! Whole sessions, with a store in memory instead of the other compartments.

#[cfg(test)]
mod connection;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod dialogs;
#[cfg(test)]
mod fairness;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod foresight;
#[cfg(all(test, feature = "planted-panic"))]
mod panics;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;
#[cfg(test)]
mod search;
