//! Random lives of a log: groups of any shape, starts, and kills in the middle of a write.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Act {
    /// A group with new bodies of these lengths, and one written ahead if so.
    Append { bodies: Vec<usize>, changes: usize, ahead: bool },
    /// The process ends and starts.
    Restart,
    /// The process is killed in the middle of a group: this share, of 256, of its bytes are there.
    Kill { share: u8, body: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let append = (prop::collection::vec(0..4000_usize, 0..4), 0..500_usize, any::<bool>())
        .prop_map(|(bodies, changes, ahead)| Act::Append { bodies, changes, ahead });
    prop_oneof![
        6 => append,
        1 => Just(Act::Restart),
        2 => (any::<u8>(), 1..4000_usize).prop_map(|(share, body)| Act::Kill { share, body }),
    ]
}

/// What the log must say: per group its changes and its bodies.
type Model = Vec<(Vec<u8>, Vec<Vec<u8>>)>;

struct Life {
    place: TempDir,
    log: Option<Log<FileSegments>>,
    model: Model,
    ids: u128,
}

impl Life {
    fn new() -> Self {
        let place = directory();
        let log = Some(open(place.path()).0);
        Self { place, log, model: Vec::new(), ids: 0 }
    }

    fn body(&mut self, length: usize) -> (PreparedBody, Vec<u8>) {
        self.ids += 1;
        let raw = text(self.ids, length);
        (prepared(self.ids, &raw), raw)
    }

    fn append(&mut self, lengths: &[usize], changes: usize, ahead: bool) -> Position {
        let mut log = self.log.take().unwrap();
        let changes = text(self.ids + 77, changes);
        let (mut bodies, mut raws) = (Vec::new(), Vec::new());
        if ahead {
            let (body, raw) = self.body(700);
            bodies.push(GroupBody::Written(log.append_body(&body, Reserve::Keep).unwrap()));
            raws.push(raw);
        }
        for length in lengths {
            let (body, raw) = self.body(*length);
            bodies.push(GroupBody::New(body));
            raws.push(raw);
        }
        let end = log.append(Group { bodies, changes: changes.clone() }, Reserve::Keep).unwrap().end;
        self.model.push((changes, raws));
        self.log = Some(log);
        end
    }

    fn kill(&mut self, share: u8, body: usize) {
        let end = self.append(&[body], 20, false);
        self.log = None;
        let path = file(self.place.path(), end.segment.0);
        let length = body as u64 + 100;
        let torn = end.offset - (length * u64::from(share) / 256).clamp(8, end.offset - 8192);
        let segment = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        segment.set_len(torn).unwrap();
        self.model.pop();
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        self.log = None;
        let (log, seen) = open(self.place.path());
        prop_assert_eq!(&seen.damage, &[]);
        prop_assert_eq!(seen.groups.len(), self.model.len());
        for (group, (changes, raws)) in seen.groups.iter().zip(&self.model) {
            prop_assert_eq!(&group.changes, changes);
            let found: Vec<_> = group.bodies.iter().map(|body| read(&log, body).unwrap()).collect();
            prop_assert_eq!(&found, raws);
        }
        self.log = Some(log);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_is_remembered(acts in prop::collection::vec(act(), 1..25)) {
        let mut life = Life::new();
        for act in acts {
            match act {
                Act::Append { bodies, changes, ahead } => {
                    life.append(&bodies, changes, ahead);
                }
                Act::Restart => life.check()?,
                Act::Kill { share, body } => {
                    life.kill(share, body);
                    life.check()?;
                }
            }
        }
        life.check()?;
    }

    #[test]
    fn bytes_that_are_no_log_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..20_000), at in 0..30_000_usize) {
        let mut life = Life::new();
        for n in 0..8 {
            life.append(&[n * 300], 30, false);
        }
        life.log = None;
        let path = file(life.place.path(), 1);
        let mut old = std::fs::read(&path).unwrap();
        let range = at.min(old.len())..(at + bytes.len()).min(old.len());
        let length = range.len();
        old[range].copy_from_slice(&bytes[..length]);
        std::fs::write(&path, &old).unwrap();
        let (log, seen) = open(life.place.path());
        for group in &seen.groups {
            let (changes, raws) = &life.model[group.sequence as usize - 1];
            prop_assert_eq!(&group.changes, changes);
            if let Ok(body) = read(&log, &group.bodies[0]) {
                prop_assert_eq!(&body, &raws[0]);
            }
        }
    }
}
