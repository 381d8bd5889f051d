//! Picks the nearest known name for a misspelt one.

/// Longer names are not compared, so that hostile input costs little.
const LONGEST: usize = 64;

/// The candidate nearest to `name` by edit distance without regard to case, if any is near enough that a
/// typing error explains the difference: at most a third of the letters.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().take(LONGEST + 1).collect();
    if wanted.len() > LONGEST {
        return None;
    }
    let limit = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * LONGEST)
        .map(|candidate| (distance(&wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edit distance with transpositions of neighbours counted once (optimal string alignment).
fn distance(wanted: &[char], candidate: &str) -> usize {
    let same = |a: char, b: char| a.to_lowercase().eq(b.to_lowercase());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=wanted.len()).collect();
    let mut last = None;
    for (row, letter) in candidate.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in wanted.iter().enumerate() {
            let substituted = above[column] + usize::from(!same(letter, *other));
            let mut best = substituted.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped =
                column > 0 && last.is_some_and(|last| same(last, *other)) && same(letter, wanted[column - 1]);
            if swapped && let Some(earlier) = before.get(column - 1) {
                best = best.min(earlier + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(letter);
    }
    above[wanted.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typing_errors_and_nothing_else() {
        let known = ["displayName", "givenName", "mail", "mailNickname"];
        assert_eq!(nearest("dispalyName", known), Some("displayName"));
        assert_eq!(nearest("givenname", known), Some("givenName"));
        assert_eq!(nearest("mial", known), Some("mail"));
        assert_eq!(nearest("department", known), None);
        assert_eq!(nearest(&"x".repeat(10_000), known), None);
    }
}
