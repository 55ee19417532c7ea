//! The icons differ by shape, and the files of the theme are what is drawn here.

use std::path::Path;

use super::*;

#[test]
fn every_state_has_a_shape_of_its_own() {
    for tone in [Tone::Auto, Tone::Light, Tone::Dark] {
        for side in SIDES {
            let masks: Vec<Vec<bool>> = Icon::ALL
                .iter()
                .map(|icon| icon.pixels(side, tone).argb.chunks_exact(4).map(|pixel| pixel[0] > 127).collect())
                .collect();
            for (one, other) in (0..masks.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
                let differing = masks[one].iter().zip(&masks[other]).filter(|(a, b)| a != b).count();
                // Without colour, at the smallest size, still a twentieth of the square.
                assert!(differing * 20 >= side * side, "{one} {other} {tone:?} {side}: {differing}");
            }
        }
    }
}

#[test]
fn the_ink_is_light_or_dark_as_asked() {
    let brightest = |tone| Icon::On.pixels(22, tone).argb.chunks_exact(4).map(|pixel| pixel[1]).max().unwrap();
    assert_eq!(brightest(Tone::Light), 255);
    assert_eq!(brightest(Tone::Auto), 255);
    assert!(brightest(Tone::Dark) < 64);
    let pixels = Icon::On.pixels(22, Tone::Auto);
    let is_dark_edge = |pixel: &[u8]| pixel[0] > 100 && pixel[1] < 64;
    assert!(pixels.argb.chunks_exact(4).any(is_dark_edge), "an edge for light panels");
}

/// `HOMEPORT_WRITE_ICONS=1` writes them anew.
#[test]
fn the_files_of_the_theme_are_what_is_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("icons");
    for icon in Icon::ALL {
        let file = folder.join(format!("{}.svg", icon.name()));
        if std::env::var_os("HOMEPORT_WRITE_ICONS").is_some() {
            std::fs::write(&file, icon.svg()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), icon.svg(), "{}", file.display());
    }
}
