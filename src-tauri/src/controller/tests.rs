//! The loop with an outside that only notes, in virtual time.

use super::*;
use crate::action::Action;
use crate::event::Account;
use crate::row::tests::{running, stopped};
use crate::state::tests::{NOW, account, listing, place};

#[derive(Default)]
struct Noted {
    views: Vec<(Duration, String)>,
    effects: Vec<String>,
    began: Option<Instant>,
}

impl Port for Noted {
    fn show(&mut self, view: &View) {
        let began = *self.began.get_or_insert_with(Instant::now);
        self.views.push((began.elapsed(), view.headline.clone()));
    }

    fn perform(&mut self, effect: Effect) {
        self.effects.push(format!("{effect:?}"));
    }

    fn now(&self) -> OffsetDateTime {
        NOW + self.began.map(|began| began.elapsed()).unwrap_or_default()
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings::default()
    }
}

fn quit() -> Event {
    Event::Asked(Action::Quit(Some(true)))
}

#[tokio::test(start_paused = true)]
async fn the_menu_is_drawn_when_something_changed_and_at_most_four_times_a_second() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted { began: Some(Instant::now()), ..Noted::default() }, State::default());
    let feeder = tokio::spawn(async move {
        let accounts: Vec<Account> = vec![account("dev", false)];
        events.send(Event::Accounts(accounts)).await.unwrap();
        for number in 0..200 {
            let row = if number % 2 == 0 { running("box") } else { stopped("box") };
            events.send(Event::Listed(place("dev"), listing(vec![row]))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Two seconds in which nothing changes.
        for _ in 0..20 {
            events.send(Event::Listed(place("dev"), listing(vec![stopped("box")]))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        events.send(quit()).await.unwrap();
    });
    run(&mut port, &mut heard, &mut state).await;
    feeder.await.unwrap();
    assert!((5..=10).contains(&port.views.len()), "{:?}", port.views);
    assert!(port.views.windows(2).all(|pair| pair[1].0 - pair[0].0 >= BETWEEN_VIEWS), "{:?}", port.views);
    assert!(port.views.last().unwrap().1.contains("0 of 1 workspace runs"), "the last state is shown");
}

#[tokio::test(start_paused = true)]
async fn effects_are_carried_out_in_order_and_the_end_is_the_end() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted::default(), State::default());
    for event in [Event::Asked(Action::Copy("one".into())), Event::Woke, quit(), Event::Woke] {
        events.send(event).await.unwrap();
    }
    run(&mut port, &mut heard, &mut state).await;
    assert_eq!(port.effects[..3], ["Copy(\"one\")", "WakeTunnel", "LookAgain"]);
    assert!(port.effects[3].starts_with("Save("), "{:?}", port.effects);
    assert_eq!(port.effects.len(), 4, "nothing behind the end");
}

#[tokio::test(start_paused = true)]
async fn a_sentence_about_trouble_goes_by_itself() {
    let (events, mut heard) = mpsc::channel(QUEUE);
    let (mut port, mut state) = (Noted { began: Some(Instant::now()), ..Noted::default() }, State::default());
    events.send(Event::Trouble("no clipboard".into())).await.unwrap();
    let ender = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(600)).await;
        events.send(quit()).await.unwrap();
    });
    run(&mut port, &mut heard, &mut state).await;
    ender.await.unwrap();
    assert!(state.troubles.is_empty());
}
