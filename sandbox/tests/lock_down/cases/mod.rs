//! The cases.

mod channels;
mod files;
mod layers;
mod processes;

use ipc::role::{Layer, Layers};

use crate::Starter::{self, Root, User};
use crate::started::Outcome;

type Test = (&'static str, fn(Starter));
type Case = (&'static str, Starter, fn(Starter));

/// Every case, with who starts its cell.
pub(crate) fn all() -> Vec<Case> {
    let both: [Test; 28] = [
        ("every_role_has_every_layer", layers::every_role_has_every_layer),
        ("a_reader_sees_no_file", files::a_reader_sees_no_file),
        ("own_files_can_be_worked_with", files::own_files_can_be_worked_with),
        ("auth_keeps_a_database", files::auth_keeps_a_database),
        ("own_files_can_be_worked_with_under_landlock_alone", files::own_files_under_landlock_alone),
        ("the_root_is_all_there_is", files::the_root_is_all_there_is),
        ("an_empty_root_cannot_be_filled", files::an_empty_root_cannot_be_filled),
        ("a_listener_that_was_handed_over_serves", channels::a_listener_serves),
        ("a_runtime_built_between_the_steps_serves", channels::a_runtime_serves),
        ("connecting_is_stopped_by_each_layer", channels::connecting_is_stopped_by_each_layer),
        ("abstract_sockets_are_stopped_by_each_layer", channels::abstract_sockets_are_stopped),
        ("signals_are_stopped_by_each_layer", processes::signals_are_stopped),
        ("new_processes_are_stopped", processes::new_processes_are_stopped),
        ("forbidden_calls_kill", processes::forbidden_calls_kill),
        ("a_restricted_master_still_starts_roles", layers::a_restricted_master_still_starts_roles),
        ("limits_are_fixed", layers::limits_are_fixed),
        ("a_root_is_mounted_with_as_little", files::a_root_is_mounted_with_as_little_as_it_needs),
        ("channels_have_time_limits", channels::channels_have_time_limits),
        ("the_filter_is_on_every_thread", processes::the_filter_is_on_every_thread),
        ("only_the_store_makes_session_pairs", channels::only_the_store_makes_session_pairs),
        ("the_journal_is_reached_only_when_planned", channels::the_journal_is_reached_only_when_planned),
        ("a_panic_and_an_abort_are_what_they_are", processes::a_panic_and_an_abort_are_what_they_are),
        ("a_role_dies_with_its_master", processes::a_role_dies_with_its_master),
        ("a_second_thread_is_an_error", processes::a_second_thread_is_an_error),
        ("a_file_as_standard_error_is_an_error", layers::a_file_as_standard_error_is_an_error),
        ("layers_alone_are_on_alone", layers::layers_alone_are_on_alone),
        ("ids_that_are_not_given_are_missed", layers::ids_that_are_not_given_are_missed),
        ("a_root_that_is_not_there_is_an_error", files::a_root_that_is_not_there_is_an_error),
    ];
    let root: [Test; 3] = [
        ("root_does_without_user_namespaces", layers::root_does_without_user_namespaces),
        ("refused_user_namespaces_are_an_error_or_waived", layers::refused_user_namespaces),
        ("a_uid_alone_takes_the_capabilities", layers::a_uid_alone_takes_the_capabilities),
    ];
    let user: [Test; 2] = [
        ("a_missing_layer_is_named", layers::a_missing_layer_is_named),
        ("a_user_may_not_take_ids", layers::a_user_may_not_take_ids),
    ];
    let as_both = both.into_iter().flat_map(|(name, case)| [(name, Root, case), (name, User, case)]);
    let as_root = root.into_iter().map(|(name, case)| (name, Root, case));
    let as_user = user.into_iter().map(|(name, case)| (name, User, case));
    as_both.chain(as_root).chain(as_user).collect()
}

fn of(layers: &[Layer]) -> Layers {
    layers.iter().copied().collect()
}

/// The only layers, with the user namespace that an ordinary user needs for some of them.
fn alone(starter: Starter, layer: Layer) -> Layers {
    let by_namespace =
        matches!(layer, Layer::NetNamespace | Layer::IpcUtsNamespaces | Layer::Root | Layer::Capabilities);
    if starter == User && by_namespace { of(&[Layer::UserNamespace, layer]) } else { of(&[layer]) }
}

/// What a cell that was locked down said about its attempt; a panic says what happened instead.
fn said(done: &Outcome) -> String {
    match done.lines.as_slice() {
        [_layers, answer] => answer.clone(),
        _ => format!("{done:?}"),
    }
}
