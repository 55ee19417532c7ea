//! Text for menus and notifications: foreign names made harmless and short. Pure.

/// Longest label of a menu, in characters: longer ones make menus that leave the screen.
pub const LONGEST: usize = 64;
/// Longest line of a wrapped sentence: a mark stands before the first, spaces before the others.
const WRAPPED: usize = 58;
/// Lines of a wrapped sentence.
const MOST_LINES: usize = 3;

/// A label of a menu: one line, visible characters only, at most [`LONGEST`] of them.
pub fn label(text: &str) -> String {
    shorten(&harmless(text), LONGEST)
}

/// Control characters, and those that turn the direction of text, become a visible mark; line ends become spaces.
pub fn harmless(text: &str) -> String {
    let visible = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() || is_bidirectional(letter) => '\u{fffd}',
        letter => letter,
    };
    text.chars().map(visible).collect::<String>().trim().to_owned()
}

/// Cuts at `most` characters, with an ellipsis as the last.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A sentence as lines of a menu, broken between words; at most [`MOST_LINES`], the rest is cut.
pub fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in harmless(text).split_whitespace() {
        let is_full = lines.len() == MOST_LINES;
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WRAPPED => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if is_full => {
                line.push('…');
                break;
            }
            _ => lines.push(shorten(word, WRAPPED)),
        }
    }
    lines
}

/// Characters that reorder what stands around them, or are not seen at all.
fn is_bidirectional(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Notification servers read some HTML in bodies.
pub fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
