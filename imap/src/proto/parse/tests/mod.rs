mod clients;
mod commands;
mod random;
mod reading;
