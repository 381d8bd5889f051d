//! A request within a tenant: what those who answer it share.

use std::sync::Arc;

use scim::Quirks;
use store::{Kind, Realm};
use tenant::Tenant;
use uuid::Uuid;

use crate::answer::{Answer, Refusal};
use crate::inspector::SharedNotes;
use crate::schemas::{self, Schemas, Type};
use crate::service::{Service, State};

/// A request within a tenant.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) service: Arc<Service>,
    pub(crate) tenant: Arc<Tenant>,
    /// The token that opened it; discovery needs none.
    pub(crate) token: Option<Uuid>,
    pub(crate) state: Arc<State>,
    pub(crate) schemas: Arc<Schemas>,
    /// The URL of the tenant's service, without a final slash.
    pub(crate) base: Arc<str>,
    pub(crate) notes: SharedNotes,
}

impl Call {
    pub(crate) fn realm(&self) -> Realm {
        self.tenant.realm()
    }

    pub(crate) fn ty(&self, kind: Kind) -> &Type {
        self.schemas.ty(kind)
    }

    /// Records that an operation of a request failed, which is answered all the same.
    pub(crate) fn note_failure(&self, operation: usize, error: &scim::Error) {
        let at = || error.clone().at(&format!("operation {}", operation + 1));
        self.notes.lock().failed.get_or_insert_with(at);
    }

    /// Records the deviations that a request was accepted with.
    pub(crate) fn note(&self, quirks: &Quirks) {
        if !quirks.is_empty() {
            self.notes.lock().note(quirks);
        }
    }
}

impl Call {
    /// The same call by the description that the store has now.
    pub(crate) async fn renewed(&self) -> Answer<Self> {
        let schemas = self.service.read_schemas(&self.state, self.tenant.id).await?;
        Ok(Self { schemas, ..self.clone() })
    }

    /// Whether the store still has the description that this call goes by. The error is one that
    /// [`Refusal::is_redefined`] tells.
    pub(crate) async fn is_as_described(&self) -> Answer<()> {
        let object = self.service.store.get(self.realm(), Kind::SchemaExtension, schemas::ID).await?;
        if object.map(|object| object.version) == self.schemas.version {
            return Ok(());
        }
        Err(Refusal::redefined())
    }
}
