//! A client and a server over a real channel.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::*;

const ROOM: usize = 4;

#[derive(Debug)]
enum Echo {}

impl Procedure for Echo {
    type Request = Vec<u8>;
    type Reply = usize;
    const IN_FLIGHT: usize = ROOM;
}

type Held = Rc<RefCell<Vec<(usize, Responder<Echo>)>>>;

/// A server that answers when it is told to, and what it was asked.
fn wired() -> (Client<Echo>, Held, tokio::task::JoinHandle<Result<(), ChannelError>>) {
    let (ours, theirs) = crate::socket::pair().unwrap();
    let held: Held = Rc::default();
    let asked = Rc::clone(&held);
    let server = tokio::task::spawn_local(serve::<Echo>(theirs, ROOM, move |request, responder| {
        asked.borrow_mut().push((request.len(), responder));
    }));
    (Client::start(ours).unwrap(), held, server)
}

fn answer_all(held: &Held) {
    for (length, responder) in held.borrow_mut().drain(..) {
        responder.reply(length, vec![]);
    }
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_client_with_much_to_ask_waits_and_keeps_its_channel() {
    run(async {
        let (client, held, server) = wired();
        let asking: Vec<_> = (0..ROOM * 5)
            .map(|length| {
                let client = client.clone();
                tokio::task::spawn_local(
                    async move { client.call(vec![7; length]).await.map(|reply| reply.0) },
                )
            })
            .collect();
        settle().await;
        assert_eq!(held.borrow().len(), ROOM);
        while !held.borrow().is_empty() {
            assert!(held.borrow().len() <= ROOM);
            answer_all(&held);
            settle().await;
        }
        for (length, asking) in asking.into_iter().enumerate() {
            assert_eq!(asking.await.unwrap().unwrap(), length);
        }
        assert!(!server.is_finished());
    });
}

#[test]
fn calls_that_were_given_up_count_until_they_are_answered() {
    run(async {
        let (client, held, server) = wired();
        for _ in 0..ROOM * 3 {
            let given_up = tokio::time::timeout(Duration::from_millis(5), client.call(vec![])).await;
            assert!(given_up.is_err());
        }
        assert_eq!(held.borrow().len(), ROOM, "the others were never made");
        answer_all(&held);
        let (reply, ()) = tokio::join!(client.call(vec![1; 9]), async {
            settle().await;
            answer_all(&held);
        });
        assert_eq!(reply.unwrap().0, 9, "late answers are nobody else's");
        assert!(!server.is_finished());
    });
}

#[test]
fn a_call_that_cannot_be_sent_takes_no_room() {
    run(async {
        let (client, held, _server) = wired();
        for _ in 0..ROOM * 3 {
            let refused = client.call(vec![0; crate::codec::MESSAGE_MAX]).await;
            assert!(matches!(refused, Err(ChannelError::Codec(_))));
        }
        let (reply, ()) = tokio::join!(client.call(vec![1]), async {
            settle().await;
            answer_all(&held);
        });
        assert_eq!(reply.unwrap().0, 1);
    });
}

#[test]
fn a_client_that_asks_too_much_at_once_is_cut_off() {
    run(async {
        let (ours, theirs) = crate::socket::pair().unwrap();
        let held: Held = Rc::default();
        let asked = Rc::clone(&held);
        let server = tokio::task::spawn_local(serve::<Echo>(theirs, ROOM, move |request, responder| {
            asked.borrow_mut().push((request.len(), responder));
        }));
        let (sender, _receiver) = channel::open::<Call<Echo>, Answer<Echo>>(ours).unwrap();
        for id in 0..=u32::try_from(ROOM).unwrap() {
            sender.send(&Call::new(id, vec![]), &[]).await.unwrap();
        }
        assert!(matches!(server.await.unwrap(), Err(ChannelError::Unread)));
        assert_eq!(held.borrow().len(), ROOM);
    });
}
