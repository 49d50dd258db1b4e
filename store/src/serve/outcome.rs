//! `outcome`, the server: whether a transaction is durable. Who knows its id learns that one bit.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ipc::channel::ChannelError;
use ipc::rpc;
use ipc::service::outcome::{IN_FLIGHT, OutcomeReply, OutcomeRequest, Outcomes};

use super::Store;

pub(super) async fn serve(store: Rc<Store>, socket: OwnedFd) -> Result<(), ChannelError> {
    rpc::serve::<Outcomes>(socket, IN_FLIGHT, move |OutcomeRequest { transaction }, responder| {
        let store = Rc::clone(&store);
        tokio::task::spawn_local(async move {
            let done = store.was_done(transaction).await;
            responder.reply(if done { OutcomeReply::Stored } else { OutcomeReply::NotStored }, vec![]);
        });
    })
    .await
}
