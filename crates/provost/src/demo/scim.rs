//! Reading the tenant over SCIM, as an application's administrator would.

use serde_json::Value;

use crate::answer::{Failure, UNFORESEEN};
use crate::client::escape;

/// A tenant's SCIM endpoint.
pub struct Scim {
    http: reqwest::Client,
    base: String,
    token: String,
}

const PAGE: usize = 500;

impl Scim {
    /// The endpoint at that address.
    pub fn new(base: &str, token: &str) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| Failure::new("Client", error.to_string(), UNFORESEEN))?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    /// Every resource of a type.
    pub async fn all(&self, kind: &str) -> Result<Vec<Value>, Failure> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let page = self.get(&format!("/{kind}?startIndex={}&count={PAGE}", all.len() + 1)).await?;
            let total = page["totalResults"].as_u64().unwrap_or(0);
            let resources = page["Resources"].as_array().cloned().unwrap_or_default();
            let last = resources.is_empty();
            all.extend(resources);
            if last || all.len() as u64 >= total {
                return Ok(all);
            }
        }
    }

    /// The id of the user of that name.
    pub async fn user_id(&self, name: &str) -> Result<Option<String>, Failure> {
        let filter = escape(&format!("userName eq {}", Value::from(name)));
        let found = self.get(&format!("/Users?filter={filter}")).await?;
        Ok(found["Resources"][0]["id"].as_str().map(str::to_owned))
    }

    /// Deletes a user.
    pub async fn delete_user(&self, id: &str) -> Result<(), Failure> {
        let request = self.http.delete(format!("{}/Users/{id}", self.base)).bearer_auth(&self.token);
        let response =
            request.send().await.map_err(|error| Failure::new("Scim", error.to_string(), UNFORESEEN))?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(Failure::new(
                "Scim",
                format!("the tenant answered {} to a deletion", response.status()),
                UNFORESEEN,
            ))
        }
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        let failed = |error: reqwest::Error| {
            Failure::new("Scim", format!("the tenant cannot be read: {error}"), UNFORESEEN)
        };
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(failed)?;
        if !status.is_success() {
            let words = String::from_utf8_lossy(&bytes);
            return Err(Failure::new("Scim", format!("the tenant answered {status}: {words}"), UNFORESEEN));
        }
        serde_json::from_slice(&bytes).map_err(|error| Failure::new("Scim", error.to_string(), UNFORESEEN))
    }
}
