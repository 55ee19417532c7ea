//! The exchange of the speed test and what is made of its samples.

use tokio::io::duplex;

use super::*;

#[test]
fn samples_become_intervals() {
    let second = |s: f64| Duration::from_secs_f64(s);
    let samples =
        vec![(second(0.0), 0), (second(1.0), 1_000_000), (second(2.0), 3_000_000), (second(2.005), 3_000_000)];
    let report = report(&samples).unwrap();
    let rates: Vec<f64> = report.intervals.iter().map(|interval| interval.throughput_mbits).collect();
    assert_eq!(rates, [8.0, 16.0]);
    assert!((report.overall.throughput_mbits - 24.0 / 2.005).abs() < 0.001);
    assert!(super::report(&vec![(second(0.0), 0)]).is_none());
    assert!(super::report(&Vec::new()).is_none());
}

#[tokio::test]
async fn the_daemon_is_asked_and_its_refusal_is_told() {
    async fn check(answer: &'static str, expect: bool) {
        let (ours, peer) = duplex(1000);
        let daemon = tokio::spawn(async move {
            let mut peer = BufReader::new(peer);
            let mut asked = String::new();
            peer.read_line(&mut asked).await.unwrap();
            peer.write_all(answer.as_bytes()).await.unwrap();
            asked
        });
        let result = ask(&mut BufReader::new(ours), Direction::Up, Duration::from_secs(5)).await;
        assert_eq!(result.is_ok(), expect, "{answer}");
        assert_eq!(daemon.await.unwrap(), "{\"version\":2,\"time\":5000000000,\"direction\":1}\n");
    }
    check("{}\n", true).await;
    check("{\"error\":\"version\"}\n", false).await;
    check("nonsense\n", false).await;
    check("", false).await;
}

#[tokio::test]
async fn whole_blocks_count() {
    let (mut sender, mut ours) = duplex(BLOCK);
    tokio::spawn(async move {
        sender.write_all(&vec![0; 2 * BLOCK + 5]).await.unwrap();
    });
    let samples = receive(&mut ours).await.unwrap();
    assert_eq!(samples.last().unwrap().1, 2 * BLOCK as u64);
}
