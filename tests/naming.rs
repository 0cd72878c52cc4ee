//! Promises about names and groups.

use std::sync::Arc;

use actor_core::prelude::*;
use actor_core::{LookupError, RegisterError};

use crate::support::{Do, Gate, Script, settle, subject};

#[tokio::test(start_paused = true)]
async fn a_name_leads_to_one_handle_and_says_when_the_type_is_wrong() {
    let (system, actor, _) = subject("a");
    let registry = system.registry();
    registry.register("lobby", &actor).expect("a free name");
    assert_eq!(registry.lookup::<Do>("lobby").expect("it is there"), actor);
    assert_eq!(
        registry.lookup::<Do>("cellar"),
        Err(LookupError::NotFound("cellar".into()))
    );
    let wrong = registry.lookup::<String>("lobby").expect_err("the type is wrong");
    assert!(
        wrong.to_string().contains("support::Do, and not alloc::string::String"),
        "{wrong}"
    );
    assert_eq!(
        registry.register("lobby", &actor),
        Err(RegisterError::NameTaken("lobby".into()))
    );
    assert!(registry.unregister("lobby", &actor));
    assert!(!registry.unregister("lobby", &actor));
}

#[tokio::test(start_paused = true)]
async fn a_name_stays_through_a_restart_and_is_free_after_the_end() {
    let (system, actor, journal) = subject("a");
    let registry = system.registry();
    registry.register("known", &actor).expect("a free name");
    actor.tell(Do::Panic("on purpose")).await.expect("it lives");
    let known = registry.lookup::<Do>("known").expect("it is there");
    assert_eq!(known.ask(Do::Life).await, Ok(2));
    let _ = actor.stop().await;
    assert!(registry.lookup::<Do>("known").is_err());
    assert_eq!(
        registry.register("known", &actor),
        Err(RegisterError::Stopped("known".into()))
    );
    let next = system
        .spawn_spec(Script::new("next", &journal).spec())
        .expect("a free name");
    registry.register("known", &next).expect("the name is free again");
}

#[tokio::test(start_paused = true)]
async fn a_name_taken_over_is_not_released_by_the_end_of_its_former_holder() {
    let (system, first, journal) = subject("first");
    let second = system
        .spawn_spec(Script::new("second", &journal).spec())
        .expect("a free name");
    let registry = system.registry();
    registry.register("known", &first).expect("a free name");
    registry.unregister("known", &first);
    registry.register("known", &second).expect("the name is free");
    let _ = first.stop().await;
    assert_eq!(registry.lookup::<Do>("known").expect("it is there"), second);
}

#[tokio::test(start_paused = true)]
async fn systems_share_no_names() {
    let (one, actor, _) = subject("a");
    let two = System::new("test");
    one.registry().register("known", &actor).expect("a free name");
    assert!(two.registry().lookup::<Do>("known").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reports_how_many_took_it_and_how_many_were_full() {
    #[derive(Default)]
    struct Reader(usize);
    #[derive(Clone)]
    enum Read {
        Text(Arc<str>),
        Wait(Gate),
    }
    impl Actor for Reader {
        type Msg = Read;
        async fn handle(&mut self, msg: Read, _: &mut Context<Read>) -> ActorResult {
            match msg {
                Read::Text(text) => self.0 += text.len(),
                Read::Wait(gate) => gate.pass().await,
            }
            Ok(())
        }
    }
    let system = System::new("test");
    let group = system.group::<Read>("readers").expect("a group of this type");
    let readers: Vec<_> = (0..3)
        .map(|n| {
            let spec = ChildSpec::new(format!("reader-{n}"), Reader::default).mailbox(MailboxSpec::bounded(1));
            system.spawn_spec(spec).expect("a free name")
        })
        .collect();
    for reader in &readers {
        assert!(group.join(reader));
        assert!(!group.join(reader), "it is a member already");
    }
    let gate = Gate::new();
    readers[0].tell(Read::Wait(gate.clone())).await.expect("it lives");
    gate.reached().await;
    let text: Arc<str> = "shared".into();
    let outcome = group.broadcast(Read::Text(text.clone()));
    assert_eq!((outcome.delivered, outcome.full, outcome.stopped), (2, 1, 0));
    assert_eq!(Arc::strong_count(&text), 3, "the members share it");
    assert!(group.leave(&readers[1]));
    assert_eq!(group.len(), 2);
    gate.open();
}

#[tokio::test(start_paused = true)]
async fn members_leave_by_themselves_when_they_end() {
    let (system, actor, journal) = subject("a");
    let stays = system
        .spawn_spec(Script::new("b", &journal).spec())
        .expect("a free name");
    let group = Group::<Do>::new();
    assert!(group.join(&actor) && group.join(&stays));
    actor.tell(Do::Panic("a restart is no end")).await.expect("it lives");
    settle().await;
    assert_eq!(group.len(), 2);
    let _ = actor.stop().await;
    assert_eq!(group.members().to_vec(), [stays]);
    assert!(!group.join(&actor), "it has ended");
}

#[tokio::test(start_paused = true)]
async fn a_group_of_another_message_type_is_an_error() {
    let system = System::new("test");
    let _held = system.group::<u32>("numbers").expect("it is made");
    system.group::<u32>("numbers").expect("it is there");
    assert!(matches!(
        system.group::<String>("numbers"),
        Err(LookupError::WrongType { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_group_is_kept_by_its_members_and_its_holders_and_not_by_its_name() {
    let (system, actor, _) = subject("a");
    system.group::<Do>("kept").expect("it is made").join(&actor);
    assert_eq!(system.group::<Do>("kept").expect("it is there").len(), 1);
    for _ in 0..1000 {
        system.group::<u32>("of nobody").expect("it is made");
    }
    system
        .group::<String>("of nobody")
        .expect("nothing of the other type is left");
    let held = system.group::<String>("held").expect("it is made");
    assert!(system.group::<u32>("held").is_err());
    drop(held);
    let _ = actor.stop().await;
    system.group::<u32>("kept").expect("its last member has left");
}
