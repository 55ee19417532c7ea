// The tray's menu in a window. Written by a test of the crate `proto` from its Rust types; not edited by hand.

/**
 * A click of a person.
 */
export type Click = { 
/**
 * [`MenuView::number`].
 */
view: number, 
/**
 * Which line of the menu, which line below that, and so on, from 0.
 */
path: Array<number>, 
/**
 * The answer to a [`MenuItem::Ask`], at most [`MAX_TEXT`] bytes; nothing else has one.
 */
text?: string, };

/**
 * What the tray says.
 */
export type FromTray = { "kind": "view" } & MenuView | { "kind": "ended" };

/**
 * What the icon says.
 */
export type MenuIcon = "off" | "working" | "on" | "attention" | "error";

/**
 * One line of the menu.
 */
export type MenuItem = { "kind": "line", 
/**
 * What it says.
 */
label: string, } | { "kind": "do", 
/**
 * What it says.
 */
label: string, } | { "kind": "switch", 
/**
 * What it says.
 */
label: string, 
/**
 * Its state.
 */
is_on: boolean, } | { "kind": "more", 
/**
 * The same for the same thing in the next view, while its label changes.
 */
key: string, 
/**
 * What it says.
 */
label: string, 
/**
 * The lines below.
 */
items: Array<MenuItem>, } | { "kind": "ask", 
/**
 * What is asked.
 */
label: string, 
/**
 * How an answer looks.
 */
hint: string, } | { "kind": "separator" };

/**
 * The menu at one time.
 */
export type MenuView = { 
/**
 * Counts up; a click names it.
 */
number: number, 
/**
 * The shape that the icon would have.
 */
icon: MenuIcon, 
/**
 * The state in words.
 */
headline: string, 
/**
 * The lines of the menu.
 */
items: Array<MenuItem>, };
