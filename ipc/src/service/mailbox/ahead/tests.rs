//! Whatever is foreseen, everything that is asked is answered as if nothing had been.

use proptest::prelude::*;

use super::super::{MailboxClient, Refusal};
use super::*;
use crate::channel::{self, Receiver, Sender};
use crate::service::upload::CREDITS;

const LARGE: Uid = 9;

fn body_of(uid: Uid) -> Vec<u8> {
    let size = if uid == LARGE { CHUNK_MAX * 6 + 5 } else { (uid as usize * 700) % 3000 };
    (0..size).map(|at| (at % 251) as u8 ^ uid as u8).collect()
}

fn run_of(uid: Uid, offset: u32, length: u32) -> Vec<u8> {
    body_of(uid).into_iter().skip(offset as usize).take(length as usize).collect()
}

fn is_gone(uid: Uid) -> bool {
    uid % 5 == 4 && uid != LARGE
}

/// Answers in order, and says `Dirty` now and then.
async fn store(sender: Sender<MailboxReply>, mut receiver: Receiver<MailboxRequest>) {
    for number in 0_u32.. {
        let Ok(Frame::Message(request, _)) = receiver.receive().await else { return };
        if number % 3 == 0 {
            let _ = sender.send(&MailboxReply::Dirty, &[]).await;
        }
        let reply = match request {
            MailboxRequest::Structure { uid } | MailboxRequest::Body { uid, .. } if is_gone(uid) => {
                MailboxReply::Refused(Refusal::NoMessage)
            }
            MailboxRequest::Structure { uid } => MailboxReply::Structure(vec![uid as u8; uid as usize]),
            MailboxRequest::Body { uid, offset, length } => {
                let run = run_of(uid, offset, length);
                let length = run.len() as u32;
                let _ = sender.send(&MailboxReply::Body { length }, &[]).await;
                let mut credits = CREDITS;
                for chunk in run.chunks(CHUNK_MAX) {
                    while credits == 0 {
                        match receiver.receive().await {
                            Ok(Frame::Message(MailboxRequest::Credit { chunks }, _)) => credits += chunks,
                            other => panic!("{other:?} while a body is under way"),
                        }
                    }
                    credits -= 1;
                    let _ = sender.chunk(0, chunk).await;
                }
                continue;
            }
            // given for what was on its way
            MailboxRequest::Credit { .. } => continue,
            _ => MailboxReply::Done,
        };
        let _ = sender.send(&reply, &[]).await;
    }
}

async fn ask(client: &mut MailboxClient, wanted: Foreseen) {
    let reply = client.call(&wanted.request()).await.unwrap();
    match (wanted, reply) {
        (
            Foreseen::Structure { uid } | Foreseen::Body { uid, .. },
            MailboxReply::Refused(Refusal::NoMessage),
        ) => {
            assert!(is_gone(uid));
        }
        (Foreseen::Structure { uid }, MailboxReply::Structure(bytes)) => {
            assert_eq!(bytes, vec![uid as u8; uid as usize]);
        }
        (Foreseen::Body { uid, offset, length }, MailboxReply::Body { length: announced }) => {
            let mut got = Vec::new();
            loop {
                let chunk = client.body_chunk().await.unwrap();
                if chunk.is_empty() {
                    break;
                }
                got.extend(chunk);
            }
            assert_eq!(got.len(), announced as usize);
            assert!(got == run_of(uid, offset, length), "{wanted:?}");
        }
        (wanted, reply) => panic!("{reply:?} to {wanted:?}"),
    }
}

#[derive(Clone, Debug)]
enum Act {
    Foresee(Vec<Foreseen>),
    Ask(Foreseen),
    /// What was foreseen, in its turn.
    AskForeseen(usize),
    Other,
    Forget,
}

fn any_foreseen() -> impl Strategy<Value = Foreseen> {
    prop_oneof![
        (1..12_u32).prop_map(|uid| Foreseen::Structure { uid }),
        (1..12_u32, 0..800_u32, 0..3000_u32).prop_map(|(uid, offset, length)| Foreseen::Body {
            uid,
            offset,
            length
        }),
        (1..12_u32).prop_map(|uid| Foreseen::Body { uid, offset: 0, length: body_of(uid).len() as u32 }),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => proptest::collection::vec(any_foreseen(), 0..40).prop_map(Act::Foresee),
        3 => any_foreseen().prop_map(Act::Ask),
        8 => (0..3_usize).prop_map(Act::AskForeseen),
        1 => Just(Act::Other),
        1 => Just(Act::Forget),
    ]
}

async fn perform(acts: Vec<Act>) {
    let (ours, theirs) = crate::socket::pair().unwrap();
    let (sender, receiver) = channel::open(theirs).unwrap();
    let serving = tokio::task::spawn_local(store(sender, receiver));
    let mut client = MailboxClient::start(ours).unwrap();
    let mut plan = VecDeque::new();
    for act in acts {
        match act {
            Act::Foresee(soon) => {
                client.foresee(soon.iter().copied()).await.unwrap();
                plan.extend(soon);
            }
            Act::Ask(wanted) => ask(&mut client, wanted).await,
            Act::AskForeseen(skipped) => {
                plan.drain(..skipped.min(plan.len()));
                if let Some(wanted) = plan.pop_front() {
                    ask(&mut client, wanted).await;
                }
            }
            Act::Other => {
                let reply = client.call(&MailboxRequest::Unselect).await.unwrap();
                assert!(matches!(reply, MailboxReply::Done), "{reply:?}");
            }
            Act::Forget => client.forget(),
        }
    }
    drop(client);
    serving.await.unwrap();
}

fn local(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn nobody_sees_what_was_foreseen(acts in proptest::collection::vec(any_act(), 0..60)) {
        local(perform(acts));
    }

    #[test]
    fn no_more_is_under_way_than_may_be(plan in proptest::collection::vec(any_foreseen(), 0..400), step in 1..4_usize) {
        let mut ahead = Ahead::default();
        ahead.plan(plan.iter().copied());
        prop_assert!(ahead.planned.len() <= PLANNED_MAX);
        for wanted in plan.into_iter().step_by(step) {
            let place = ahead.go_to(&wanted.request());
            ahead.due();
            prop_assert!(ahead.asked.len() <= AHEAD, "{}", ahead.asked.len());
            prop_assert!(ahead.bytes <= AHEAD_BYTES + CHUNK_MAX, "{}", ahead.bytes);
            let bytes: usize = ahead.asked.iter().map(|asked| asked.what.bytes()).sum();
            prop_assert_eq!(bytes, ahead.bytes);
            while place == Place::Foreseen && ahead.take(&wanted.request()).is_none() {
                prop_assert!(ahead.waits());
                ahead.arrived(Frame::Message(MailboxReply::Refused(Refusal::NoMessage), vec![])).unwrap();
            }
        }
    }
}

#[test]
fn many_questions_go_out_at_once() {
    local(async {
        let (ours, theirs) = crate::socket::pair().unwrap();
        let (sender, mut receiver) = channel::open::<MailboxReply, MailboxRequest>(theirs).unwrap();
        let mut client = MailboxClient::start(ours).unwrap();
        client.foresee((1..=40).map(|uid| Foreseen::Structure { uid })).await.unwrap();
        for uid in 1..=16 {
            let Frame::Message(request, _) = receiver.receive().await.unwrap() else { panic!("a chunk") };
            assert!(matches!(request, MailboxRequest::Structure { uid: of } if of == uid), "{request:?}");
        }
        let more = tokio::time::timeout(std::time::Duration::from_millis(20), receiver.receive()).await;
        assert!(more.is_err(), "no more than may be");
        for uid in 1..=16 {
            sender.send(&MailboxReply::Structure(vec![uid]), &[]).await.unwrap();
        }
        for uid in 1..=9_u8 {
            let request = MailboxRequest::Structure { uid: uid.into() };
            let reply = client.call(&request).await.unwrap();
            assert!(matches!(reply, MailboxReply::Structure(of) if of == [uid]));
        }
        for uid in 17..=24 {
            let Frame::Message(request, _) = receiver.receive().await.unwrap() else { panic!("a chunk") };
            assert!(matches!(request, MailboxRequest::Structure { uid: of } if of == uid), "{request:?}");
        }
    });
}

#[test]
fn an_answer_that_is_none_ends_the_session() {
    for wrong in
        [Frame::Message(MailboxReply::Body { length: 6 }, vec![]), Frame::Chunk { stream: 0, bytes: vec![1] }]
    {
        let mut ahead = Ahead::default();
        ahead.plan([Foreseen::Body { uid: 1, offset: 0, length: 5 }]);
        assert_eq!(ahead.due().len(), 1);
        assert!(ahead.arrived(wrong).is_err());
    }
    let mut ahead = Ahead::default();
    assert!(ahead.arrived(Frame::Message(MailboxReply::Done, vec![])).is_err(), "nothing was asked");
    ahead.plan([Foreseen::Body { uid: 1, offset: 0, length: 5 }]);
    ahead.due();
    ahead.arrived(Frame::Message(MailboxReply::Body { length: 2 }, vec![])).unwrap();
    assert!(ahead.arrived(Frame::Chunk { stream: 0, bytes: vec![1; 3] }).is_err(), "more than announced");
}
