//! What a person is told for each state of the service.

use client::tunnel::Picture;
use proto::ipc::{DeploymentState as S, DeploymentStatus, Event, Health, HealthCode as C, ServiceStatus};

use super::{Verdict, verdict};

/// The machine's conditions, then a state and conditions per deployment; `None` when nothing is known of it.
fn picture(machine: &[C], deployments: &[Option<(S, &[C])>]) -> (Picture, Vec<String>) {
    let health = |codes: &[C]| codes.iter().map(|code| Health::new(*code, "wg0")).collect::<Vec<_>>();
    let mut picture = Picture::default();
    picture.apply(Event::Service(ServiceStatus { health: health(machine), ..ServiceStatus::default() }));
    let urls: Vec<String> = (0..deployments.len()).map(|number| format!("http://{number}/")).collect();
    for (url, deployment) in urls.iter().zip(deployments) {
        if let Some((state, codes)) = deployment {
            let (url, state, health) = (url.clone(), *state, health(codes));
            picture.apply(Event::Deployment(DeploymentStatus { url, suffix: None, state, health, names: 0 }));
        }
    }
    (picture, urls)
}

#[test]
fn every_state_has_its_sentence() {
    #[track_caller]
    fn check(machine: &[C], deployments: &[Option<(S, &[C])>], expect: &str) {
        let (picture, urls) = picture(machine, deployments);
        let told = match verdict(&picture, &urls) {
            Verdict::Waiting(what) => format!("wait {what}"),
            Verdict::Ready(warnings) => format!("ready {}", warnings.join("|")),
            Verdict::Failed { what, next } => format!("fail {what} -> {next}"),
        };
        assert_eq!(told, expect);
    }
    check(&[], &[None], "wait http://0: waiting for the service.");
    check(&[], &[Some((S::Asking, &[]))], "wait http://0: asking the deployment who we are.");
    check(&[], &[Some((S::Dialling, &[]))], "wait http://0: dialling its control connection.");
    check(&[], &[Some((S::Connected, &[]))], "ready ");
    check(
        &[],
        &[Some((S::Connected, &[])), Some((S::Asking, &[]))],
        "wait http://1: asking the deployment who we are.",
    );
    check(
        &[],
        &[Some((S::Connected, &[])), Some((S::Failed, &[C::TokenRefused]))],
        "ready http://1: The deployment does not accept the session any more (wg0). Sign in again with `homeport login`.",
    );
    check(
        &[],
        &[Some((S::Failed, &[C::TokenRefused]))],
        "fail http://0: The deployment does not accept the session any more (wg0) -> Sign in again with `homeport login`",
    );
    check(
        &[],
        &[Some((S::Dialling, &[C::DeploymentUnreachable]))],
        "fail http://0: The deployment does not answer (wg0) -> Check its address and your network; we keep trying",
    );
    check(
        &[],
        &[Some((S::Connected, &[C::NameClash])), Some((S::Dialling, &[C::NoRelay]))],
        "wait http://1: dialling its control connection.",
    );
    check(
        &[C::ForeignRoute],
        &[Some((S::Connected, &[]))],
        "fail Another network claims our addresses (wg0) -> Disconnect the other VPN named here, or ask its administrator to leave out fd60:627a:a42b::/48",
    );
    check(&[C::NoNetwork], &[Some((S::Asking, &[]))], "wait http://0: asking the deployment who we are.");
    check(
        &[C::NoNetwork],
        &[Some((S::Asking, &[C::DeploymentUnreachable]))],
        "fail This machine has no network (wg0) -> Connect to a network; the tunnel follows by itself",
    );
    check(
        &[C::NoNetwork],
        &[Some((S::Connected, &[]))],
        "ready This machine has no network (wg0). Connect to a network; the tunnel follows by itself.",
    );
    check(
        &[C::NoNameService],
        &[Some((S::Connected, &[]))],
        "ready The system's resolver could not be told of our names (wg0). Run `homeport diagnose`; with `systemd-resolved` running it works by itself.",
    );
    check(
        &[C::NoNameService, C::TunDenied],
        &[None],
        "fail The service may not create a network device (wg0) -> Start it with CAP_NET_ADMIN (its systemd unit does), or use `homeport connect start --userspace`",
    );
}
