//! Scripts as they stand in pages.

/// Exact decimals, and numbers as text: what the scripts of all pages share.
pub(super) const NUMBER: &str = include_str!("../../templates/number.js");

/// These parts, one after the other, without their comments and indentation, which every page of
/// every day would carry.
pub(super) fn packed(parts: &[&str]) -> String {
    let lines = parts.iter().flat_map(|part| part.lines()).map(str::trim);
    let kept: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
    kept.join("\n")
}
