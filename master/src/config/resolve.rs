//! From what is written to what is meant. Goes on after a mistake, so that all of them are told at once.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use ipc::role::{Layer, Layers};
use ipc::service::control::LogLevel;
use ipc::slice::{Blocks, Networks};
use toml::Spanned;

use super::error::{ConfigError, ConfigErrors};
use super::resolve_access::{NO_BLOCKS, access};
use super::resolved::{Address, Config, Door, IdSource, Imap, Mx, Origin, Pop3};
use super::written::{self, Quantity, Written};
use super::{address, keys, names, units};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// RFC 5321 section 4.5.3.1.7 asks for 64 KiB at least.
const MESSAGE_SIZES: RangeInclusive<u64> = 64 * KIB..=GIB;
/// RFC 5321 section 4.5.3.1.8 asks for 100 at least.
pub(super) const RECIPIENTS: RangeInclusive<u32> = 100..=10_000;
/// The uids of one instance lie within; root, nobody and the upper half are never a role's.
const UID_BASES: RangeInclusive<u32> = 1..=2_000_000_000;
const WORKERS: RangeInclusive<u16> = 1..=256;

pub(super) fn resolve(file: &Path, text: &str, written: Written) -> Result<Config, ConfigErrors> {
    let mut r = Resolver {
        file,
        text,
        errors: Vec::new(),
        addresses: HashSet::new(),
        blocks: NO_BLOCKS,
        never_block: Networks::NONE,
    };
    r.blocks = r.blocks(&written.limits);
    r.never_block = r.never_block(&written.limits);
    let max_message_size = r.size(written.mx.max_message_size.as_ref(), 50 * MIB, MESSAGE_SIZES);
    let run_dir = r.directory(written.run_dir, written::default_run_dir());
    let config = Config {
        hostname: r.name(written.hostname, "hostname", "mail.example.org"),
        domain: r.name(written.domain, "domain", "example.org"),
        state_dir: r.directory(written.state_dir, written::default_state_dir()),
        log: written.log.unwrap_or(LogLevel::Info),
        ids: r.ids(written.uid_base),
        waived: r.layers(&written.waive),
        tls: r.tls(written.tls),
        turnover: r.turnover(&written.replace),
        max_message_size,
        never_block: r.never_block,
        blocks: r.blocks,
        mx: r.mx(&written.mx),
        imap: r.imap(&written.imap),
        pop3: r.pop3(written.pop3.as_ref()),
        submission: r.submission(written.submission.as_ref()),
        lmtp: r.lmtp(written.lmtp.as_ref(), &run_dir),
        run_dir,
        upload_memory: r.size(
            written.store.upload_memory.as_ref(),
            max_message_size.max(256 * MIB),
            max_message_size..=1024 * GIB,
        ),
    };
    if r.errors.is_empty() { Ok(config) } else { Err(ConfigErrors(r.errors)) }
}

pub(super) struct Resolver<'a> {
    file: &'a Path,
    text: &'a str,
    errors: Vec<ConfigError>,
    addresses: HashSet<SocketAddr>,
    pub(super) blocks: Blocks,
    pub(super) never_block: Networks,
}

impl Resolver<'_> {
    pub(super) fn complain(&mut self, span: Range<usize>, (message, hint): (String, String)) {
        self.errors.push(ConfigError::new(self.file, self.text, Some(span), message, Some(hint)));
    }

    fn name(&mut self, written: Option<Spanned<String>>, key: &str, example: &str) -> String {
        let Some(written) = written else {
            self.complain(0..0, (format!("`{key}` is missing"), format!("write {key} = \"{example}\"")));
            return String::new();
        };
        names::domain(written.get_ref()).unwrap_or_else(|mistake| {
            self.complain(written.span(), mistake);
            String::new()
        })
    }

    fn directory(&mut self, written: Option<Spanned<PathBuf>>, default: PathBuf) -> PathBuf {
        let Some(written) = written else { return default };
        self.absolute(written)
    }

    pub(super) fn absolute(&mut self, written: Spanned<PathBuf>) -> PathBuf {
        if !written.get_ref().is_absolute() {
            let message = format!("`{}` is no absolute path", written.get_ref().display());
            self.complain(written.span(), (message, "begin it with a /".into()));
        }
        written.into_inner()
    }

    fn ids(&mut self, base: Option<Spanned<u32>>) -> IdSource {
        match base {
            None => IdSource::Users,
            Some(_) => IdSource::Base(self.number(base.as_ref(), 0, UID_BASES)),
        }
    }

    fn layers(&mut self, names: &[Spanned<String>]) -> Layers {
        let known: Vec<&str> = Layer::ALL.into_iter().map(Layer::name).collect();
        let mut layers = Layers::NONE;
        for name in names {
            match Layer::ALL.into_iter().find(|layer| layer.name() == name.get_ref()) {
                Some(layer) => layers = layers.with(layer),
                None => {
                    let near = keys::nearest(name.get_ref(), &known)
                        .map_or_else(String::new, |near| format!("did you mean \"{near}\"? "));
                    let message = format!("there is no layer `{}`", name.get_ref());
                    self.complain(
                        name.span(),
                        (message, format!("{near}the layers are {}", known.join(", "))),
                    );
                }
            }
        }
        layers
    }

    fn mx(&mut self, written: &written::Mx) -> Mx {
        Mx {
            door: Door {
                listen: self.listen(written.listen.as_deref(), 25),
                listen_tls: Vec::new(),
                workers: self.workers(written.workers.as_ref()),
                limits: self.limits(access!(written), (1000, 50)),
            },
            max_recipients: self.number(written.max_recipients.as_ref(), 1000, RECIPIENTS),
        }
    }

    /// Who says where TLS is spoken from the first byte and nothing else has no port without it, least of all the one that
    /// is everybody's.
    fn imap(&mut self, written: &written::Imap) -> Imap {
        let none = written.listen_tls.is_some().then_some(&[][..]);
        Imap {
            door: Door {
                listen: self.listen(written.listen.as_deref().or(none), 143),
                listen_tls: self.listen(written.listen_tls.as_deref(), 993),
                workers: self.workers(written.workers.as_ref()),
                limits: self.limits(access!(written), (4000, 200)),
            },
            // RFC 9051 section 5.4 asks for 30 at least; a shorter time is the administrator's choice
            idle_minutes: self.number(written.idle_minutes.as_ref(), 30, 1..=1440),
        }
    }

    /// Without the section nobody listens: not everyone wants POP3.
    fn pop3(&mut self, written: Option<&written::Pop3>) -> Pop3 {
        let off = written::Pop3 { listen: Some(vec![]), listen_tls: Some(vec![]), ..Default::default() };
        let written = written.unwrap_or(&off);
        Pop3 {
            door: Door {
                listen: self.listen(written.listen.as_deref(), 110),
                listen_tls: self.listen(written.listen_tls.as_deref(), 995),
                workers: self.workers(written.workers.as_ref()),
                limits: self.limits(access!(written), (1000, 50)),
            },
            // RFC 1939 section 3 asks for 10 at least; a shorter time is the administrator's choice
            idle_minutes: self.number(written.idle_minutes.as_ref(), 10, 1..=1440),
        }
    }

    pub(super) fn listen(&mut self, written: Option<&[Spanned<String>]>, port: u16) -> Vec<Address> {
        let Some(written) = written else {
            let every = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
            let default = |ip| Address { socket: SocketAddr::new(ip, port), origin: Origin::Default };
            return every.map(default).to_vec();
        };
        let mut addresses = Vec::new();
        for text in written {
            match address::socket(text.get_ref(), port) {
                Ok(socket) if socket.port() != 0 && !self.addresses.insert(socket) => {
                    let mistake = (format!("`{socket}` is there twice"), "leave one of them out".to_owned());
                    self.complain(text.span(), mistake);
                }
                Ok(socket) => addresses.push(Address { socket, origin: Origin::Written }),
                Err(mistake) => self.complain(text.span(), mistake),
            }
        }
        addresses
    }

    fn size(&mut self, written: Option<&Spanned<Quantity>>, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(written) = written else { return default };
        match units::bytes(written.get_ref()) {
            Ok(bytes) if range.contains(&bytes) => bytes,
            Ok(bytes) => {
                let (low, high) = (units::shown(*range.start()), units::shown(*range.end()));
                let message = format!("{} is out of range", units::shown(bytes));
                self.complain(written.span(), (message, format!("it is from {low} to {high}")));
                default
            }
            Err(mistake) => {
                self.complain(written.span(), mistake);
                default
            }
        }
    }

    pub(super) fn number<T: Copy + PartialOrd + std::fmt::Display>(
        &mut self,
        written: Option<&Spanned<T>>,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let Some(written) = written else { return default };
        let number = *written.get_ref();
        if !range.contains(&number) {
            let hint = format!("it is from {} to {}", range.start(), range.end());
            self.complain(written.span(), (format!("{number} is out of range"), hint));
            return default;
        }
        number
    }

    /// One a core, where nothing is written.
    pub(super) fn workers(&mut self, written: Option<&Spanned<u16>>) -> u16 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let default = u16::try_from(cores).unwrap_or(u16::MAX).clamp(*WORKERS.start(), 64);
        self.number(written, default, WORKERS)
    }
}
