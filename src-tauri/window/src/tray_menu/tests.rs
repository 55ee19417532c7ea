//! A tray of a test on a real socket pair: views go to the page as they are, clicks to the tray, and both ends are told
//! apart.

use std::cell::RefCell;

use super::*;

const VIEW: &str = r#"{"kind":"view","number":1,"icon":"on","headline":"h","items":[]}"#;

async fn told(lines: &[&str], is_ended: bool) -> (Vec<String>, Left) {
    let (ours, tray) = UnixStream::pair().unwrap();
    let mut tray = Framed::new(tray, LinesCodec::new());
    for line in lines {
        tray.send(*line).await.unwrap();
    }
    let (_clicks, mut waiting) = mpsc::channel(1);
    let told = RefCell::new(Vec::new());
    if !is_ended {
        drop(tray);
    }
    let left = carry(ours, &|line| told.borrow_mut().push(line), &mut waiting).await;
    (told.into_inner(), left)
}

#[tokio::test]
async fn views_are_told_and_an_end_is_not_a_loss() {
    assert_eq!(told(&[VIEW, VIEW], false).await, (vec![VIEW.into(), VIEW.into()], Left::Lost));
    assert_eq!(told(&[VIEW, r#"{"kind":"ended"}"#], true).await, (vec![VIEW.into()], Left::Ended));
    for nonsense in ["", "7", r#"{"kind":"away"}"#, r#"{"kind":"view"}"#, "\u{0}"] {
        assert_eq!(told(&[nonsense, VIEW], true).await, (vec![], Left::Lost), "{nonsense:?}");
    }
}

#[tokio::test]
async fn a_click_goes_to_the_tray_and_one_that_is_too_long_nowhere() {
    let (ours, tray) = UnixStream::pair().unwrap();
    let mut tray = Framed::new(tray, LinesCodec::new());
    let (clicks, mut waiting) = mpsc::channel(4);
    clicks.send(Click { view: 3, path: vec![1; MAX_CLICK], text: None }).await.unwrap();
    clicks.send(Click { view: 3, path: vec![1, 2], text: None }).await.unwrap();
    let carried = carry(ours, &|_| {}, &mut waiting);
    let heard = async {
        let line = tray.next().await.unwrap().unwrap();
        drop(tray);
        line
    };
    let (left, line) = tokio::join!(carried, heard);
    assert_eq!((left, line.as_str()), (Left::Lost, r#"{"view":3,"path":[1,2]}"#));
}
