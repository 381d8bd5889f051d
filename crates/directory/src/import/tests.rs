use std::fmt::Write as _;

use model::ObjectType;
use serde_json::json;

use super::{Leavers, Options, Report};
use crate::tests::{admin, directory};
use crate::{Directory, Error};

const DOWNLOAD: &str = "\u{feff}userPrincipalName,displayName,surname,mail,givenName,objectId,jobTitle,accountEnabled,telephoneNumber,physicalDeliveryOfficeName,manager,employeeId,createdDateTime\r\n\
ana@example.com,\"Núñez, Ana\",Núñez,ana@example.com,Ana,8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a01,Engineer,True,+34 1,Madrid,BOSS@example.com,7,2020-01-01\r\n\
boss@example.com,Boss,,,,,,False,,,,,\r\n";

async fn users(directory: &Directory, file: &str, options: Options) -> Report {
    directory.import_users(&admin(), file.as_bytes(), options).await.expect("the file can be read")
}

#[tokio::test]
async fn a_download_is_imported_and_imported_again() {
    let directory = directory().await;
    let dry = users(&directory, DOWNLOAD, Options { dry_run: true, ..Options::default() }).await;
    assert_eq!((dry.created, dry.failed, dry.imported), (2, 0, false));
    assert_eq!(directory.count_objects(ObjectType::User).await.expect("counts"), 0);

    let report = users(&directory, DOWNLOAD, Options::default()).await;
    assert_eq!((report.created, report.failed, report.imported), (2, 0, true), "{report:?}");
    assert!(report.ignored_columns.is_empty(), "{report:?}");
    let ana = directory.user("ana@example.com").await.expect("imported");
    assert_eq!(ana.id.to_string(), "8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a01");
    assert_eq!(ana.text("displayName"), Some("Núñez, Ana"));
    assert_eq!(ana.attributes["businessPhones"], json!(["+34 1"]));
    assert_eq!(ana.text("officeLocation"), Some("Madrid"));
    let boss = directory.user("boss@example.com").await.expect("imported");
    assert!(!boss.enabled());
    assert_eq!(directory.manager(ana.id).await.expect("readable").expect("set").id, boss.id);

    let head = directory.store().head(directory.realm()).await.expect("readable");
    let again = users(&directory, DOWNLOAD, Options::default()).await;
    assert_eq!((again.created, again.updated, again.unchanged), (0, 0, 2));
    assert_eq!(
        directory.store().head(directory.realm()).await.expect("readable"),
        head,
        "the feed stays quiet"
    );

    let changed = DOWNLOAD.replace("Engineer", "").replace("BOSS@example.com", "");
    let changed = users(&directory, &changed, Options::default()).await;
    assert_eq!((changed.updated, changed.unchanged), (1, 1));
    assert_eq!(directory.user("ana@example.com").await.expect("there").text("jobTitle"), None);
    assert!(directory.manager(ana.id).await.expect("readable").is_none());
}

#[tokio::test]
async fn the_bulk_template_says_who_is_blocked() {
    let directory = directory().await;
    let file = "version:v1.0;;;;\nName [displayName] Required;User name [userPrincipalName] Required;Initial password \
                [passwordProfile] Required;Block sign in (Yes/No) [accountEnabled] Required;Office phone [telephoneNumber]\n\
                Example: Chris Green;chris@contoso.com;myPassword1234;No;\nKim;kim@example.com;secret;Yes;+1\nLee;lee@example.com;secret;No;\n";
    let report = users(&directory, file, Options::default()).await;
    assert_eq!((report.created, report.failed), (2, 0), "{report:?}");
    assert!(!directory.user("kim@example.com").await.expect("imported").enabled());
    assert!(directory.user("lee@example.com").await.expect("imported").enabled());
    assert!(directory.user("chris@contoso.com").await.is_err());
}

#[tokio::test]
async fn broken_rows_are_reported_and_the_others_imported() {
    let directory = directory().await;
    users(&directory, DOWNLOAD, Options::default()).await;
    let file = "userPrincipalName,displayName,accountEnabled,objectId,manager,shoeSize\n\
                one@example.com,One,True,,nobody@example.com,44\n\
                two@example.com,Two,perhaps,,,\n\
                three,Three,True,,,\n\
                ONE@example.com,Again,True,,,\n\
                ana@example.com,Other,True,8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a02,,\n\
                five@example.com,\"Five,True,,,\n\
                six@example.com,Six,True,,one@example.com,\n\
                seven@example.com,True\n";
    let report = users(&directory, file, Options::default()).await;
    let found: Vec<(u64, &str)> = report.errors.iter().map(|it| (it.line, it.column.as_str())).collect();
    let expected = [
        (2, "manager"),
        (3, "accountEnabled"),
        (4, "userPrincipalName"),
        (5, "userPrincipalName"),
        (6, "userPrincipalName"),
        (7, ""),
        (9, ""),
    ];
    assert_eq!(found, expected, "{report:?}");
    assert_eq!((report.created, report.failed), (2, 7));
    assert_eq!(report.ignored_columns, ["shoeSize"]);
    assert!(report.errors[4].reason.contains("8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a01"), "{report:?}");

    let atomic = Options { atomic: true, ..Options::default() };
    let report = users(&directory, "userPrincipalName,displayName\na@b,A\nb,B\n", atomic).await;
    assert_eq!((report.failed, report.created, report.imported), (1, 0, false));
    assert!(directory.user("a@b").await.is_err());
    let report =
        users(&directory, "userPrincipalName,displayName,manager\na@b,A,c@b\nc@b,C,\n", atomic).await;
    assert_eq!((report.created, report.imported), (2, true));
}

#[tokio::test]
async fn files_that_are_no_such_files_are_explained() {
    let directory = directory().await;
    for (file, said) in [
        ("", "empty"),
        ("name,mail\na,b\n", "no column userPrincipalName"),
        ("userPrincipalName,UserPrincipalName\n", "two of its columns"),
        ("version:v2.0\n", "version"),
        ("PK\u{3}\u{4}", "spreadsheet"),
    ] {
        let refused = directory.import_users(&admin(), file.as_bytes(), Options::default()).await;
        let Err(Error::File(message)) = refused else { panic!("{refused:?}") };
        assert!(message.contains(said), "{message}");
    }
    let users = DOWNLOAD.as_bytes();
    let refused = directory.import_groups(&admin(), users, Options::default()).await;
    let Err(Error::File(message)) = refused else { panic!("{refused:?}") };
    assert!(message.contains("import it as users"), "{message}");
}

#[tokio::test]
async fn files_come_in_the_encodings_that_spreadsheets_save() {
    let directory = directory().await;
    let utf16: Vec<u8> = DOWNLOAD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let import = async |bytes: &[u8]| {
        directory.import_users(&admin(), bytes, Options::default()).await.expect("the file can be read")
    };
    assert_eq!(import(&utf16).await.created, 2);
    assert_eq!(import(DOWNLOAD.as_bytes()).await.unchanged, 2);
    let windows = b"userPrincipalName;displayName\r\njoerg@example.com;J\xf6rg\r\nkim@example.com;Kim\r\n";
    let report = import(windows).await;
    assert_eq!((report.created, report.failed, report.errors[0].line), (1, 1, 2), "{report:?}");
    assert!(report.errors[0].reason.contains("UTF-8"), "{report:?}");
}

#[tokio::test]
async fn many_rows_with_managers_who_come_later() {
    let directory = directory().await;
    let mut file = String::from("userPrincipalName,displayName,manager\n");
    for number in 0..700 {
        writeln!(file, "u{number}@example.com,U{number},u{}@example.com", (number + 400) % 700)
            .expect("fits");
    }
    let dry = users(&directory, &file, Options { dry_run: true, ..Options::default() }).await;
    assert_eq!((dry.created, dry.failed), (700, 0), "{:?}", dry.errors.first());
    let report = users(&directory, &file, Options::default()).await;
    assert_eq!((report.created, report.failed), (700, 0), "{:?}", report.errors.first());
    let first = directory.user("u0@example.com").await.expect("imported");
    let manager = directory.manager(first.id).await.expect("readable").expect("set");
    assert_eq!(manager.name(), "u400@example.com");
}

#[tokio::test]
async fn a_name_changes_hands_within_a_file() {
    let directory = directory().await;
    let id = |number: u32| format!("8f0a1c9e-7f9f-4b41-9d1a-0d1f6d2f3a0{number}");
    let file = |rows: &[(u32, &str)]| {
        let rows = rows.iter().map(|(number, name)| format!("{},{name}@example.com,{name}\n", id(*number)));
        std::iter::once("objectId,userPrincipalName,displayName\n".to_owned()).chain(rows).collect::<String>()
    };
    users(&directory, &file(&[(1, "jan"), (2, "kim")]), Options::default()).await;
    // A newcomer gets the name of somebody who takes the name of a third, who is renamed.
    for atomic in [true, false] {
        let options = Options { atomic, ..Options::default() };
        let moved = users(&directory, &file(&[(3, "jan"), (1, "kim"), (2, "kim.old")]), options).await;
        assert_eq!((moved.failed, moved.created + moved.unchanged > 0), (0, true), "{moved:?}");
        assert_eq!(directory.user("jan@example.com").await.expect("there").id.to_string(), id(3));
        assert_eq!(directory.user("kim@example.com").await.expect("there").id.to_string(), id(1));
    }
    let swapped = users(&directory, &file(&[(1, "jan"), (3, "kim")]), Options::default()).await;
    assert_eq!((swapped.failed, swapped.updated), (2, 0), "{swapped:?}");
}

#[tokio::test]
async fn groups_come_with_their_members() {
    let directory = directory().await;
    users(&directory, DOWNLOAD, Options::default()).await;
    let file = "displayName,mailNickname,description,memberUserPrincipalName\n\
                Sales,sales,All of sales,ana@example.com\nSales,sales,All of sales,boss@example.com\n\
                Sales,sales,,ana@example.com\nEmpty,,,\nSales,sales,,nobody@example.com\n";
    let import = async |options| {
        directory.import_groups(&admin(), file.as_bytes(), options).await.expect("the file can be read")
    };
    let dry = import(Options { dry_run: true, ..Options::default() }).await;
    assert_eq!((dry.created, dry.members_added), (2, Some(2)), "{dry:?}");
    let report = import(Options::default()).await;
    assert_eq!((report.created, report.members_added, report.failed), (2, Some(2), 1), "{report:?}");
    assert_eq!((report.errors[0].line, report.errors[0].column.as_str()), (6, "memberUserPrincipalName"));
    let group = directory.group("sales").await.expect("imported");
    assert_eq!(group.text("description"), Some("All of sales"));
    assert_eq!(directory.count_members(group.id).await.expect("counts"), 2);
    let again = import(Options::default()).await;
    assert_eq!((again.created, again.unchanged, again.members_added), (0, 2, Some(0)));
}

#[tokio::test]
async fn a_snapshot_removes_who_is_gone_but_never_most_of_them() {
    let directory = directory().await;
    let file = |numbers: std::ops::Range<u32>| {
        let rows = numbers.map(|number| format!("u{number}@example.com,U{number}\n"));
        std::iter::once("userPrincipalName,displayName\n".to_owned()).chain(rows).collect::<String>()
    };
    let snapshot = Options { snapshot: Some(Leavers::default()), ..Options::default() };
    let first = users(&directory, &file(0..20), snapshot).await;
    assert_eq!((first.created, first.deleted, first.held), (20, Some(0), Some(0)));
    let dry = users(&directory, &file(5..20), Options { dry_run: true, ..snapshot }).await;
    assert_eq!(
        (dry.deleted, directory.count_objects(ObjectType::User).await.expect("counts")),
        (Some(5), 20)
    );
    let held = users(&directory, &file(6..20), snapshot).await;
    assert_eq!((held.deleted, held.held), (Some(0), Some(6)));
    assert_eq!(held.leavers, (0..6).map(|number| format!("u{number}@example.com")).collect::<Vec<_>>());
    // Exactly as many as somebody has seen and allows.
    for (allowed, held) in [(5, Some(6)), (6, Some(0))] {
        let options =
            Options { snapshot: Some(Leavers::exactly(allowed)), dry_run: true, ..Options::default() };
        assert_eq!(users(&directory, &file(6..20), options).await.held, held);
    }
    let broken = file(5..20) + "broken,row\n";
    let held = users(&directory, &broken, snapshot).await;
    assert_eq!((held.failed, held.deleted, held.held), (1, Some(0), Some(5)));
    let removed = users(&directory, &file(5..20), snapshot).await;
    assert_eq!((removed.deleted, removed.unchanged), (Some(5), 15));
    assert_eq!(directory.deleted_users("u4@example.com").await.expect("readable").len(), 1);
    assert_eq!(directory.count_objects(ObjectType::User).await.expect("counts"), 15);
}
