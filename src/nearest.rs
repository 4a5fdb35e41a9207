//! What somebody may have meant: the known word nearest to the one that was typed.

/// The known word nearest to what was typed, if it is near enough to be a slip.
pub(crate) fn nearest<'w>(typed: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    let (distance, word) =
        known.map(|word| (distance(&typed, &word.to_lowercase()), word)).min()?;
    (distance <= (typed.chars().count() / 3).max(1)).then_some(word)
}

/// Levenshtein: how many letters must be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            *cell = (left + 1).min(above + 1).min(diagonal + usize::from(from != *to));
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
