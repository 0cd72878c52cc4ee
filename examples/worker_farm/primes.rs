//! The work itself: it needs a processor for a while, and has a result that can be checked.

/// How many numbers one job looks at.
pub(crate) const SPAN: u32 = 50_000;

/// Counts the primes of a job, by trying to divide each number.
pub(crate) fn of_job(job: u32) -> u64 {
    let from = job * SPAN;
    (from..from + SPAN).filter(|&number| is_prime(number)).count() as u64
}

fn is_prime(number: u32) -> bool {
    if number < 3 || number.is_multiple_of(2) {
        return number == 2;
    }
    // A loop, and no iterator, so that it is of use without optimisation, too.
    let mut divisor = 3;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// Counts all primes below `end`, as Eratosthenes did.
pub(crate) fn sieve(end: u32) -> u64 {
    let end = end as usize;
    let mut is_composite = vec![false; end];
    let mut primes = 0;
    for number in 2..end {
        if is_composite[number] {
            continue;
        }
        primes += 1;
        for multiple in (number * number..end).step_by(number) {
            is_composite[multiple] = true;
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_count_agree() {
        assert_eq!(sieve(100), 25);
        assert_eq!((0..3).map(of_job).sum::<u64>(), sieve(3 * SPAN));
    }
}
