//! Account settings (ecs-semantics.md §1.11, §1.17).
//!
//! They are kept and shown. Two change what the simulation does: `containerInsights`, the default of new clusters, and
//! `awsvpcTrunking`, by which new instances have more network interfaces.

use aws_sdk_ecs::operation::delete_account_setting::{DeleteAccountSettingInput, DeleteAccountSettingOutput};
use aws_sdk_ecs::operation::list_account_settings::{ListAccountSettingsInput, ListAccountSettingsOutput};
use aws_sdk_ecs::operation::put_account_setting::{PutAccountSettingInput, PutAccountSettingOutput};
use aws_sdk_ecs::operation::put_account_setting_default::{
    PutAccountSettingDefaultInput, PutAccountSettingDefaultOutput,
};
use aws_sdk_ecs::types::{Setting, SettingName, SettingType};

use crate::fault::Fault;
use crate::ops::Operation;
use crate::ops::page::page_within;
use crate::world::Realm;

/// How many settings a page has, and has at most (ecs-semantics.md §0.3).
const PAGE: usize = 10;

/// The principal under which the account's defaults are kept.
pub const ACCOUNT_DEFAULT: &str = "default";

/// The settings, their default and the values that can be set; none for a setting that AWS itself manages.
const SETTINGS: [(SettingName, &str, &[&str]); 11] = [
    (SettingName::AwsvpcTrunking, "disabled", &["enabled", "disabled"]),
    (
        SettingName::ContainerInsights,
        "disabled",
        &["enhanced", "enabled", "disabled"],
    ),
    (
        SettingName::ContainerInstanceLongArnFormat,
        "enabled",
        &["enabled", "disabled"],
    ),
    (
        SettingName::DefaultLogDriverMode,
        "non-blocking",
        &["blocking", "non-blocking"],
    ),
    (
        SettingName::FargateEventWindows,
        "disabled",
        &["enabled", "disabled"],
    ),
    (SettingName::FargateFipsMode, "disabled", &["enabled", "disabled"]),
    (
        SettingName::FargateTaskRetirementWaitPeriod,
        "7",
        &["0", "7", "14"],
    ),
    (SettingName::GuardDutyActivate, "off", &[]),
    (
        SettingName::ServiceLongArnFormat,
        "enabled",
        &["enabled", "disabled"],
    ),
    (SettingName::TagResourceAuthorization, "off", &["on", "off"]),
    (
        SettingName::TaskLongArnFormat,
        "enabled",
        &["enabled", "disabled"],
    ),
];

impl Operation for ListAccountSettingsInput {
    type Output = ListAccountSettingsOutput;

    /// With `effectiveSettings` every setting with its value; without, only those that were put.
    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let principal = self.principal_arn().map_or_else(|| root(realm), str::to_owned);
        let effective = self.effective_settings() == Some(true);
        let listed = SETTINGS
            .iter()
            .filter(|(name, ..)| self.name().is_none_or(|wanted| wanted == name));
        let settings = listed.filter_map(|(name, default, values)| {
            let put = put_value(realm, name, &principal);
            let value = if effective { put.unwrap_or(default) } else { put? };
            self.value()
                .is_none_or(|wanted| wanted == value)
                .then(|| setting(name, value, &principal, values.is_empty()))
        });
        let settings = settings.collect();
        let (settings, next) = page_within(settings, self.next_token(), self.max_results(), PAGE, PAGE)?;
        Ok(ListAccountSettingsOutput::builder()
            .set_settings(Some(settings))
            .set_next_token(next)
            .build())
    }
}

impl Operation for PutAccountSettingInput {
    type Output = PutAccountSettingOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let principal = self.principal_arn().map_or_else(|| root(realm), str::to_owned);
        let setting = put(realm, self.name(), self.value().unwrap_or_default(), &principal)?;
        Ok(PutAccountSettingOutput::builder().setting(setting).build())
    }
}

impl Operation for PutAccountSettingDefaultInput {
    type Output = PutAccountSettingDefaultOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let mut setting = put(
            realm,
            self.name(),
            self.value().unwrap_or_default(),
            ACCOUNT_DEFAULT,
        )?;
        setting.principal_arn = Some(root(realm));
        Ok(PutAccountSettingDefaultOutput::builder().setting(setting).build())
    }
}

impl Operation for DeleteAccountSettingInput {
    type Output = DeleteAccountSettingOutput;

    fn apply(self, realm: &mut Realm) -> Result<Self::Output, Fault> {
        let principal = self.principal_arn().map_or_else(|| root(realm), str::to_owned);
        let name = self
            .name()
            .ok_or_else(|| Fault::invalid("Name should not be null or empty."))?;
        realm
            .account_settings
            .remove(&(name.to_string(), principal.clone()));
        let default = SETTINGS
            .iter()
            .find(|(known, ..)| known == name)
            .map_or("", |(_, default, _)| default);
        let value = put_value(realm, name, &principal).unwrap_or(default);
        Ok(DeleteAccountSettingOutput::builder()
            .setting(setting(name, value, &principal, false))
            .build())
    }
}

/// What a setting is for the account: what was put for it, else what it is by default.
pub fn of_account<'a>(realm: &'a Realm, name: &SettingName) -> &'a str {
    let known = SETTINGS.iter().find(|(known, ..)| known == name);
    put_value(realm, name, &root(realm)).unwrap_or(known.map_or("", |(_, default, _)| default))
}

fn root(realm: &Realm) -> String {
    format!("arn:{}:iam::{}:root", realm.id.partition(), realm.id.account)
}

/// What was put for the principal, else as the account's default.
fn put_value<'a>(realm: &'a Realm, name: &SettingName, principal: &str) -> Option<&'a str> {
    let of = |principal: &str| {
        realm
            .account_settings
            .get(&(name.to_string(), principal.to_owned()))
    };
    of(principal).or_else(|| of(ACCOUNT_DEFAULT)).map(String::as_str)
}

fn put(
    realm: &mut Realm,
    name: Option<&SettingName>,
    value: &str,
    principal: &str,
) -> Result<Setting, Fault> {
    let name = name.ok_or_else(|| Fault::invalid("Name should not be null or empty."))?;
    let known = SETTINGS.iter().find(|(known, ..)| known == name);
    let values = known.map(|(_, _, values)| *values).unwrap_or_default();
    if !values.contains(&value) {
        return Err(Fault::invalid(format!(
            "Invalid value '{value}' for the account setting {name}: it is one of [{}].",
            values.join(", ")
        )));
    }
    realm
        .account_settings
        .insert((name.to_string(), principal.to_owned()), value.to_owned());
    Ok(setting(name, value, principal, false))
}

fn setting(name: &SettingName, value: &str, principal: &str, managed: bool) -> Setting {
    let kind = if managed {
        SettingType::AwsManaged
    } else {
        SettingType::User
    };
    Setting::builder()
        .name(name.clone())
        .value(value)
        .principal_arn(principal)
        .r#type(kind)
        .build()
}
