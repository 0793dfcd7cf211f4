//! The printed zone is all that an owner has to publish.

use super::world::{DOMAIN, KINDS, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_zone_loaded_as_it_is_makes_every_check_green() {
    let Some(world) = World::unregistered(&[DOMAIN], &[]).await else {
        return;
    };
    let id = world.register(DOMAIN).await;
    for kind in KINDS {
        let before = world.verify(&id, kind).await;
        assert_eq!(before["status"], "pending", "{kind}: {before}");
    }
    let printed = world.zone_file(&id).await;
    let by_command = world
        .server
        .cli()
        .run(&["domain", "zone", DOMAIN])
        .await
        .expect(0);
    let without_serial = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains(" SOA "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(without_serial(&by_command.stdout), without_serial(&printed));
    world.names.publish(DOMAIN, &printed).await;
    for kind in KINDS {
        let after = world.verify(&id, kind).await;
        assert_eq!(after["status"], "done", "{kind}: {after}");
    }
    let path = format!("/v3/admin/domains/{id}");
    let domain = world.server.api().get(&path).await.expect(200).data();
    for verified in ["ownership", "mx", "spf", "dkim", "feedback", "dmarc", "arc"] {
        assert_eq!(domain[format!("verified_{verified}")], true, "{domain}");
    }
    assert_eq!(domain["sending_ready"], true);
}
