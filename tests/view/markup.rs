//! A small strict reader of the pages' HTML: every element is closed, in order, and every
//! attribute is quoted.

/// A piece of a page.
#[derive(Debug)]
pub enum Node<'a> {
    Open { name: &'a str, attributes: &'a str },
    Close(&'a str),
    Text(&'a str),
}

/// Elements that have no end.
const VOID: [&str; 10] = ["meta", "br", "hr", "img", "input", "link", "base", "col", "wbr", "source"];

/// Elements whose content is no markup and ends at their end tag only.
const RAW: [&str; 2] = ["style", "script"];

/// The pieces of a page, or what is wrong with it.
pub fn parse(page: &str) -> Result<Vec<Node<'_>>, String> {
    let mut rest = page.strip_prefix("<!doctype html>").ok_or("no doctype")?;
    let mut open: Vec<&str> = Vec::new();
    let mut nodes = Vec::new();
    while !rest.is_empty() {
        // A script or a style sheet is text up to its end, whatever it holds.
        let raw = open.last().copied().filter(|name| RAW.contains(name));
        let end = raw.map_or_else(|| "<".to_owned(), |name| format!("</{name}"));
        let (text, tag) = rest.split_at(rest.find(&end).unwrap_or(rest.len()));
        if text.contains('>') && raw.is_none() {
            return Err(format!("a bare > in {text:?}"));
        }
        if !text.trim().is_empty() {
            nodes.push(Node::Text(text.trim()));
        }
        let Some(tag) = tag.strip_prefix('<') else { break };
        let (inside, after) = split_tag(tag)?;
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            nodes.push(Node::Close(name));
            continue;
        }
        let closed = inside.ends_with('/');
        let inside = inside.trim_end_matches('/');
        let (name, attributes) = inside.split_at(inside.find(' ').unwrap_or(inside.len()));
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(format!("<{inside}> is no tag"));
        }
        quoted(attributes)?;
        nodes.push(Node::Open { name, attributes });
        if !closed && !VOID.contains(&name) {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(nodes) } else { Err(format!("not closed: {open:?}")) }
}

/// A tag's inside and what follows it; a `>` between quotes does not end it.
fn split_tag(tag: &str) -> Result<(&str, &str), String> {
    let mut in_quotes = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            '<' if !in_quotes => break,
            '>' if !in_quotes => return Ok((&tag[..at], &tag[at + 1..])),
            _ => {}
        }
    }
    Err(format!("a tag without an end: {tag:.60}"))
}

/// Whether these are names, each with a quoted value: ` a="b" c="d"`.
fn quoted(attributes: &str) -> Result<(), String> {
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let wrong = || format!("attributes {attributes:?}");
        let (name, after) = rest.split_once("=\"").ok_or_else(wrong)?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(wrong());
        }
        let (_, after) = after.split_once('"').ok_or_else(wrong)?;
        rest = after.trim_start();
    }
    Ok(())
}

#[test]
fn what_is_not_well_formed_is_found() {
    assert!(parse("<!doctype html><p>a</p>").is_ok());
    for wrong in ["<p>", "</p>", "<p></b>", "<p a=b></p>", "<p a=\"b></p>", "<>", "a > b"] {
        assert!(parse(&format!("<!doctype html>{wrong}")).is_err(), "{wrong}");
    }
}
