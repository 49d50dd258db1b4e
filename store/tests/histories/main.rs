//! Random histories of a store, against a model of maps in memory: the same answers, the same mailboxes, after every start.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test: what fails here is the test"
)]

mod acts;
mod boxes;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/load.rs"]
mod load;
mod managing;
mod model;
mod sessions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use acts::{ACCOUNTS, Act, act, raw};
use bulkhead_store::engine::Engine;
use bulkhead_store::plan::{Operation, Outcome};
use bulkhead_store::tables::NAME;
use ipc::mail::{AccountId, MailboxId};
use model::Model;
use proptest::prelude::*;
use sessions::Sessions;

/// A step of a history.
#[derive(Clone, Debug)]
enum Step {
    Act(Act),
    /// All at once, in whatever order.
    Together(Vec<Act>),
    Select {
        session: usize,
        account: u64,
        mailbox: u64,
    },
    Changes {
        session: usize,
        page: usize,
    },
    /// As after a kill: what the index on the disk does not have is replayed.
    Reopen,
    /// The index on the disk catches up.
    Flush,
    /// Without the index.
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..sessions::SESSIONS;
    prop_oneof![
        20 => act().prop_map(Step::Act),
        8 => prop::collection::vec(act(), 2..5).prop_map(Step::Together),
        5 => (session.clone(), acts::place())
            .prop_map(|(session, (account, mailbox))| Step::Select { session, account, mailbox }),
        6 => (session, 1..4_usize).prop_map(|(session, page)| Step::Changes { session, page }),
        2 => Just(Step::Reopen),
        2 => Just(Step::Flush),
        1 => Just(Step::Rebuild),
    ]
}

struct Life {
    engine: Engine,
    model: Model,
    sessions: Sessions,
    /// Every UIDVALIDITY there was, and of what.
    validities: BTreeMap<u32, (u64, u64)>,
    /// How many messages may be in memory.
    most: usize,
}

impl Life {
    async fn begin(directory: &Path, most: usize) -> Self {
        let engine = common::open(directory, most).await.0;
        let sessions = Sessions::default();
        Life { engine, model: Model::default(), sessions, validities: BTreeMap::new(), most }
    }

    async fn step(self, step: Step, directory: &Path) -> Self {
        match step {
            Step::Act(act) => self.together(vec![act]).await,
            Step::Together(acts) => self.together(acts).await,
            Step::Select { session, account, mailbox } => {
                let mut life = self;
                load::load(&life.engine).await;
                life.sessions.select(&life.engine, session, AccountId(account), MailboxId(mailbox));
                life
            }
            Step::Changes { session, page } => {
                let mut life = self;
                life.sessions.changes(&life.engine, session, page);
                life
            }
            Step::Reopen => self.reopen(directory).await,
            Step::Flush => {
                self.engine.flush().await;
                self
            }
            Step::Rebuild => {
                std::fs::remove_file(directory.join(NAME)).unwrap();
                self.reopen(directory).await
            }
        }
    }

    async fn reopen(self, directory: &Path) -> Self {
        let Life { engine, model, validities, most, .. } = self;
        drop(engine);
        let engine = common::open(directory, most).await.0;
        let life = Life { engine, model, sessions: Sessions::default(), validities, most };
        load::load(&life.engine).await;
        life.model.equals(&life.engine.index()).unwrap();
        life.bodies().await;
        life
    }

    /// Does them in one group if there are several; the answers, and what is there then, are those of some order.
    async fn together(mut self, acts: Vec<Act>) -> Self {
        let outcomes = group(&self.engine, &acts).await;
        self.learn_validities();
        load::load(&self.engine).await;
        let heard: Vec<_> = outcomes.iter().map(|outcome| Model::heard(outcome, &self.validities)).collect();
        let mut reasons = Vec::new();
        let mut orders = permutations(acts.len()).into_iter();
        let fits = orders.find_map(|order| {
            let mut model = self.model.clone();
            for number in order {
                let expected = model.act(&acts[number]);
                if !expected.is(&heard[number]) {
                    reasons.push(format!("expected {expected:?}"));
                    return None;
                }
            }
            model.equals(&self.engine.index()).map_err(|reason| reasons.push(reason)).ok()?;
            Some(model)
        });
        match fits {
            Some(model) => Life { model, ..self },
            None => panic!("{acts:?} were answered {heard:?}: {reasons:#?}"),
        }
    }

    fn learn_validities(&mut self) {
        let index = self.engine.index();
        for account in 0..ACCOUNTS {
            for (id, mailbox) in
                index.account(AccountId(account)).into_iter().flat_map(|found| found.mailboxes(None))
            {
                let of = *self.validities.entry(mailbox.uid_validity).or_insert((account, id.0));
                assert_eq!(of, (account, id.0), "a UIDVALIDITY was given twice");
            }
        }
    }

    /// Every message that is listed can be read, and is what came.
    async fn bodies(&self) {
        load::load(&self.engine).await;
        let mut messages = Vec::new();
        for mailboxes in (0..ACCOUNTS).map(AccountId) {
            let index = self.engine.index();
            let boxes = index.account(mailboxes).into_iter().flat_map(|found| found.mailboxes(None));
            messages.extend(
                boxes.flat_map(|(_, found)| found.rows(0).map(|row| *found.message(row.uid).unwrap())),
            );
        }
        for message in messages {
            let expected = raw(message.row.id.0, message.row.size);
            assert_eq!(self.engine.read(message.body).await.unwrap(), expected);
            assert_eq!(message.structure.is_some(), message.row.size % 2 == 1);
            if let Some(structure) = message.structure {
                assert_eq!(self.engine.read(structure).await.unwrap(), b"structure");
            }
        }
    }
}

/// Submits operations so that they wait for the committer together.
async fn group(engine: &Engine, acts: &[Act]) -> Vec<Outcome> {
    if let [act] = acts {
        return vec![engine.submit(act.operation()).await];
    }
    // While somebody reads the index the committer cannot finish the first group, and all else gathers behind it.
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (held, holding) = std::sync::mpsc::channel();
    let reader = engine.clone();
    let holder = std::thread::spawn(move || {
        let _guard = reader.index();
        held.send(()).unwrap();
        let _ = released.recv();
    });
    holding.recv().unwrap();
    let submit = |operation| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.submit(operation).await })
    };
    // An account that nobody plays with, another one each time: this always makes a group.
    static STRANGERS: AtomicU64 = AtomicU64::new(1000);
    let stranger = AccountId(STRANGERS.fetch_add(1, Ordering::Relaxed));
    let mut waiting = vec![submit(Operation::Remove { account: stranger })];
    tokio::task::yield_now().await;
    waiting.extend(acts.iter().map(|act| submit(act.operation())));
    tokio::task::yield_now().await;
    drop(release);
    holder.join().unwrap();
    let mut outcomes = Vec::new();
    for outcome in waiting {
        outcomes.push(outcome.await.unwrap());
    }
    outcomes.split_off(1)
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for number in 0..count {
        let put = |order: Vec<usize>| {
            (0..=order.len()).map(move |at| [&order[..at], &[number], &order[at..]].concat())
        };
        all = all.into_iter().flat_map(put).collect();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_that_of_the_model(
        steps in prop::collection::vec(step(), 20..90),
        most in prop::sample::select(vec![0, 0, 10, usize::MAX]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = tempfile::tempdir().unwrap();
            let mut life = Life::begin(place.path(), most).await;
            // Without accounts nothing happens for long.
            life = life.step(Step::Act(Act::Create { accounts: vec![0, 1] }), place.path()).await;
            for step in steps {
                life = life.step(step, place.path()).await;
                life.sessions.hold(&life.engine);
            }
            life.reopen(place.path()).await;
        });
    }
}
