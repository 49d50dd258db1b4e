//! SMTP: the protocol, apart from the processes that speak it.

pub mod proto;
pub mod run;
