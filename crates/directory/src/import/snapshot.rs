//! Users that a snapshot does not name.

use std::collections::HashSet;

use model::{DirectoryObject, ObjectType, Principal};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{MAX_ERRORS, Options, Report};
use crate::{Directory, Error, Result, Selection};

/// How many users a snapshot may move to the recycle bin at once; the lesser counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Leavers {
    /// The most as a number.
    pub number: u64,
    /// The most in percent of all users, 0 to 100. More than none lets five go, however few users there are.
    pub percent: u8,
}

impl Default for Leavers {
    fn default() -> Self {
        Self { number: 500, percent: 20 }
    }
}

/// However small its share makes it, the limit is not less.
const FEW: u64 = 5;

impl Leavers {
    /// So many and no more, whatever share of all that is.
    pub fn exactly(number: u64) -> Self {
        Self { number, percent: 100 }
    }

    /// Of so many users how many may go.
    fn limit(self, all: u64) -> u64 {
        let share = u128::from(all) * u128::from(self.percent) / 100;
        let share = u64::try_from(share).unwrap_or(u64::MAX);
        let few = if self.percent == 0 { 0 } else { FEW };
        share.max(few).min(self.number)
    }

    pub(super) fn check(self) -> Result<()> {
        if self.percent <= 100 {
            Ok(())
        } else {
            Err(Error::invalid("leavers", "a percentage is between 0 and 100"))
        }
    }
}

impl Directory {
    /// Moves the users that are not among `present` to the recycle bin, all or none of them.
    pub(super) async fn remove_absent(
        &self,
        by: &Principal,
        present: &HashSet<Uuid>,
        leavers: Leavers,
        options: Options,
        report: &mut Report,
    ) -> Result<()> {
        let (mut absent, mut all, mut after) = (Vec::new(), 0, None);
        loop {
            let page = self.list_objects(ObjectType::User, &Selection::Live, after, 1000, |_| true).await?;
            all += page.objects.len() as u64;
            for user in page.objects.iter().filter(|user| !present.contains(&user.id)) {
                absent.push(user.id);
                if report.leavers.len() < MAX_ERRORS {
                    report.leavers.push(DirectoryObject::name(user));
                }
            }
            if page.next.is_none() {
                break;
            }
            after = page.next;
        }
        let count = absent.len() as u64;
        if count > leavers.limit(all) || (report.failed > 0 && count > 0) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lesser_of_number_and_share_counts_but_few_may_go() {
        let usual = Leavers::default();
        assert_eq!([0, 10, 25, 100, 2_500, 100_000].map(|all| usual.limit(all)), [5, 5, 5, 20, 500, 500]);
        assert_eq!(Leavers { number: 3, percent: 50 }.limit(100), 3);
        assert_eq!(Leavers { number: 3, percent: 0 }.limit(100), 0);
        assert_eq!(Leavers { number: 0, percent: 20 }.limit(100), 0);
        assert_eq!(Leavers::exactly(70).limit(80), 70);
    }
}
