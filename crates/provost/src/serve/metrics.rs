//! Counts of requests, in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// Requests by what they asked and how they were answered.
#[derive(Default)]
pub struct Metrics {
    /// By part (administration, service provider) and hundred of the status.
    requests: [[AtomicU64; 6]; 2],
}

const PARTS: [&str; 2] = ["administration", "scim"];

impl Metrics {
    /// Counts an answered request.
    pub fn count(&self, scim: bool, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).min(5);
        self.requests[usize::from(scim)][class].fetch_add(1, Ordering::Relaxed);
    }

    /// The exposition.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# HELP provost_http_requests_total Requests answered.\n# TYPE provost_http_requests_total counter\n",
        );
        for (part, classes) in PARTS.iter().zip(&self.requests) {
            for (class, count) in classes.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        text,
                        "provost_http_requests_total{{part=\"{part}\",class=\"{class}xx\"}} {count}"
                    );
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_part_and_class() {
        let metrics = Metrics::default();
        metrics.count(true, StatusCode::CREATED);
        metrics.count(true, StatusCode::OK);
        metrics.count(false, StatusCode::NOT_FOUND);
        let text = metrics.text();
        assert!(text.contains("{part=\"scim\",class=\"2xx\"} 2"), "{text}");
        assert!(text.contains("{part=\"administration\",class=\"4xx\"} 1"), "{text}");
    }
}
