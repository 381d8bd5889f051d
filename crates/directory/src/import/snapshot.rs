//! Users that a snapshot does not name.

use std::collections::HashSet;

use model::{ObjectType, Principal};
use uuid::Uuid;

use super::{Options, Report};
use crate::{Directory, Result, Selection};

/// Of how many users how many may go at once: a fifth or 500, whichever is less, but five always may.
fn limit(all: u64) -> u64 {
    (all / 5).clamp(5, 500)
}

impl Directory {
    /// Moves the users that are not among `present` to the recycle bin, all or none of them.
    pub(super) async fn remove_absent(
        &self,
        by: &Principal,
        present: &HashSet<Uuid>,
        options: Options,
        report: &mut Report,
    ) -> Result<()> {
        let (mut absent, mut all, mut after) = (Vec::new(), 0, None);
        loop {
            let page = self.list_objects(ObjectType::User, &Selection::Live, after, 1000, |_| true).await?;
            all += page.objects.len() as u64;
            absent.extend(page.objects.iter().map(|user| user.id).filter(|id| !present.contains(id)));
            if page.next.is_none() {
                break;
            }
            after = page.next;
        }
        let count = absent.len() as u64;
        if count > limit(all) || (report.failed > 0 && count > 0) {
            (report.deleted, report.held) = (Some(0), Some(count));
            return Ok(());
        }
        (report.deleted, report.held) = (Some(count), Some(0));
        if !options.dry_run {
            for id in absent {
                match self.delete_user(by, id).await {
                    // Somebody else was faster.
                    Err(error) if error.is_not_found() => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }
}
