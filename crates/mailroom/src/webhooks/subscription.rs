//! Which destination wants which change.

use std::collections::{HashMap, HashSet};

use posthouse_store::changes::{Change, ChangeKind};
use posthouse_store::tables::webhooks::{Webhook, WebhookScope};
use posthouse_store::tables::{deliveries, grants};
use posthouse_store::{StoreError, Tx};
use posthouse_types::ids::{IdCodec, Key, Kind};
use serde_json::Value;

use super::destination::{DestinationStatus, read_strings};

/// A destination as the fan-out sees it.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) webhook: Key,
    application: Key,
    triggers: HashSet<String>,
    scope: WebhookScope,
    include_junk: bool,
    /// Whether it gets notifications now; if not, they are noted down as skipped.
    pub(crate) delivers: bool,
}

impl Subscription {
    pub(crate) fn of(row: &Webhook) -> Self {
        Self {
            webhook: row.id,
            application: row.application,
            triggers: read_strings(&row.trigger_types).into_iter().collect(),
            scope: row.scope,
            include_junk: row.include_junk,
            delivers: DestinationStatus::from_stored(&row.status).delivers(),
        }
    }

    /// Tells whether the destination is to be notified of a change.
    ///
    /// HOOK-08: the application is compared here and once more when the notification is sent.
    pub(crate) fn wants(&self, change: &Change, context: &Context) -> bool {
        let older_than_destination = change.at_us / 1_000 < self.webhook.unix_ms();
        change.application == self.application
            && !older_than_destination
            && self.triggers.contains(change.kind.event())
            && self.covers(change, context)
            && (self.include_junk || !context.in_junk.contains(&change.object))
    }

    fn covers(&self, change: &Change, context: &Context) -> bool {
        match self.scope {
            WebhookScope::Application => true,
            WebhookScope::Grant(grant) => change.grant == Some(grant),
            WebhookScope::Workspace(workspace) => {
                let of_grant = change
                    .grant
                    .and_then(|grant| context.workspaces.get(&grant));
                of_grant == Some(&workspace)
            }
        }
    }
}

/// What deciding takes besides the changes themselves.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// The workspace of each account, where it matters.
    workspaces: HashMap<Key, Key>,
    /// The messages that are in Junk.
    in_junk: HashSet<Key>,
}

impl Context {
    /// Looks up what the subscriptions make necessary.
    pub(crate) fn of(
        tx: &mut dyn Tx,
        codec: &IdCodec,
        changes: &[Change],
        subscriptions: &[Subscription],
    ) -> Result<Self, StoreError> {
        let mut context = Self::default();
        if subscriptions.iter().any(|one| !one.include_junk) {
            let messages: Vec<Key> = changes
                .iter()
                .filter(|change| {
                    matches!(
                        change.kind,
                        ChangeKind::MessageCreated | ChangeKind::MessageUpdated
                    )
                })
                .map(|change| change.object)
                .collect();
            context.in_junk = deliveries::junk_among(tx, &messages)?.into_iter().collect();
        }
        let scoped = subscriptions
            .iter()
            .filter(|one| matches!(one.scope, WebhookScope::Workspace(_)));
        let applications: HashSet<Key> = scoped.map(|one| one.application).collect();
        for application in applications {
            let of_application = changes
                .iter()
                .filter(|change| change.application == application);
            let ids: HashSet<Key> = of_application
                .clone()
                .filter_map(|change| change.grant)
                .collect();
            let ids: Vec<Key> = ids.into_iter().collect();
            for grant in grants::identify_each(tx, application, &ids)? {
                context.workspaces.insert(grant.id, grant.workspace);
            }
            for change in of_application {
                let noted = noted_workspace(codec, change);
                if let (Some(grant), Some(workspace)) = (change.grant, noted) {
                    // A deleted account has no row to ask any more.
                    context.workspaces.entry(grant).or_insert(workspace);
                }
            }
        }
        Ok(context)
    }
}

fn noted_workspace(codec: &IdCodec, change: &Change) -> Option<Key> {
    let data: Value = serde_json::from_str(change.data.as_deref()?).ok()?;
    codec.open(Kind::Workspace, data.get("workspace_id")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use posthouse_store::changes::Cursor;

    const APPLICATION: Key = Key(1);
    const GRANT: Key = Key(2);
    const MESSAGE: Key = Key(3);
    const WORKSPACE: Key = Key(4);

    fn subscription(scope: WebhookScope) -> Subscription {
        Subscription {
            webhook: Key::floor_of(1_790_000_000_000),
            application: APPLICATION,
            triggers: ["message.created".to_owned()].into(),
            scope,
            include_junk: false,
            delivers: true,
        }
    }

    fn change() -> Change {
        Change {
            position: Cursor { tx: 0, seq: 1 },
            application: APPLICATION,
            grant: Some(GRANT),
            kind: ChangeKind::MessageCreated,
            object: MESSAGE,
            at_us: 1_790_000_000_000_000,
            data: None,
        }
    }

    fn wanted(scope: WebhookScope, change: &Change) -> bool {
        subscription(scope).wants(change, &Context::default())
    }

    #[test]
    fn hook_08_another_applications_change_is_never_wanted() {
        let foreign = Change {
            application: Key(9),
            ..change()
        };
        for scope in [WebhookScope::Application, WebhookScope::Grant(GRANT)] {
            assert!(wanted(scope, &change()));
            assert!(!wanted(scope, &foreign));
        }
    }

    #[test]
    fn other_events_and_those_from_before_the_destination_are_not_wanted() {
        let updated = Change {
            kind: ChangeKind::MessageUpdated,
            ..change()
        };
        let earlier = Change {
            at_us: 1_789_999_999_998_000,
            ..change()
        };
        assert!(!wanted(WebhookScope::Application, &updated));
        assert!(!wanted(WebhookScope::Application, &earlier));
    }

    #[test]
    fn scopes_let_through_their_own_account_or_workspace_only() {
        assert!(!wanted(WebhookScope::Grant(Key(7)), &change()));
        let in_workspace = Context {
            workspaces: [(GRANT, WORKSPACE)].into(),
            ..Context::default()
        };
        let scoped = |workspace| subscription(WebhookScope::Workspace(workspace));
        assert!(scoped(WORKSPACE).wants(&change(), &in_workspace));
        assert!(!scoped(Key(8)).wants(&change(), &in_workspace));
        let of_application = Change {
            grant: None,
            ..change()
        };
        assert!(!scoped(WORKSPACE).wants(&of_application, &in_workspace));
        assert!(!wanted(WebhookScope::Grant(GRANT), &of_application));
    }

    #[test]
    fn messages_in_junk_are_for_those_who_ask_for_them() {
        let junk = Context {
            in_junk: [MESSAGE].into(),
            ..Context::default()
        };
        let mut one = subscription(WebhookScope::Application);
        assert!(!one.wants(&change(), &junk));
        one.include_junk = true;
        assert!(one.wants(&change(), &junk));
    }
}
