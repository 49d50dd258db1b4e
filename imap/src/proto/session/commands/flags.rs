//! Flags and messages as the store wants them named.

use std::vec;

use ipc::mail::{SystemFlags, UidRange};
use ipc::service::mailbox::{KEYWORDS_MAX, RANGES_MAX};

use crate::proto::parse::Flag;
use crate::proto::view::system_flag;

/// More keywords than a mailbox can have.
#[derive(Debug)]
pub(super) struct TooMany;

/// System flags, and keywords by name.
pub(super) fn split(flags: &[Flag]) -> Result<(SystemFlags, Vec<String>), TooMany> {
    let system = flags.iter().filter_map(system_flag).fold(SystemFlags::default(), SystemFlags::with);
    let keywords: Vec<String> =
        flags.iter().filter(|flag| system_flag(flag).is_none()).map(|flag| flag.name().to_owned()).collect();
    if keywords.len() > KEYWORDS_MAX { Err(TooMany) } else { Ok((system, keywords)) }
}

/// As many runs as go into one request, again and again.
pub(super) fn batches(runs: Vec<UidRange>) -> vec::IntoIter<Vec<UidRange>> {
    runs.chunks(RANGES_MAX).map(<[UidRange]>::to_vec).collect::<Vec<_>>().into_iter()
}
