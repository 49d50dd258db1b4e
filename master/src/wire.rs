//! Which channels an instance has to be given: the lines of the peers table whose two ends are there.

use ipc::peers::{Service, standing};
use ipc::role::Instance;

/// A channel to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// Who asks.
    pub client: Instance,
    /// Who answers.
    pub server: Instance,
    /// Over what.
    pub service: Service,
}

/// The channels between `instance` and those of `present` it has a line with.
pub fn lines(instance: Instance, present: &[Instance]) -> Vec<Wire> {
    standing()
        .flat_map(|(client, server, service)| {
            present.iter().filter_map(move |peer| {
                let peer = *peer;
                if peer == instance {
                    None
                } else if (client, server) == (instance.role, peer.role) {
                    Some(Wire { client: instance, server: peer, service })
                } else if (client, server) == (peer.role, instance.role) {
                    Some(Wire { client: peer, server: instance, service })
                } else {
                    None
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ipc::role::Role;

    use super::*;

    const fn one(role: Role, worker: u16) -> Instance {
        Instance { role, worker }
    }

    #[test]
    fn a_reader_gets_its_servers_and_a_server_its_clients() {
        let all = [
            one(Role::Store, 0),
            one(Role::Keys, 0),
            one(Role::Auth, 0),
            one(Role::Mx, 0),
            one(Role::Mx, 1),
            one(Role::Imap, 0),
        ];
        let of = |instance| {
            lines(instance, &all).into_iter().map(|w| (w.client, w.server, w.service)).collect::<Vec<_>>()
        };
        let mx = of(one(Role::Mx, 1));
        assert_eq!(mx.len(), 3, "{mx:?}");
        assert!(mx.iter().all(|(client, ..)| *client == one(Role::Mx, 1)));
        let store = of(one(Role::Store, 0));
        assert_eq!(
            store,
            [
                (one(Role::Auth, 0), one(Role::Store, 0), Service::Sessions),
                (one(Role::Mx, 0), one(Role::Store, 0), Service::Deliver),
                (one(Role::Mx, 1), one(Role::Store, 0), Service::Deliver),
            ]
        );
        assert!(lines(one(Role::Store, 0), &[]).is_empty());
    }
}
