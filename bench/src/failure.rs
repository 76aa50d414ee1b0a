//! What stops a benchmark: a message for a person, with its causes.

/// Why a benchmark could not be carried out, or must not count.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Of something that may stop the benchmark.
pub type Outcome<T> = Result<T, Failure>;

/// A failure with a message.
pub fn fail<T>(message: impl Into<String>) -> Outcome<T> {
    Err(message.into().into())
}

/// An error, and the errors that caused it.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
