//! What a directory has before anybody adds to it: the heads of its naming contexts, and the configuration.

use anyhow::Result;
use uuid::Uuid;

use super::Directory;
use crate::builder::DEFAULT_BASE;
use crate::dn::{Dn, Rdn};
use crate::settings::{Kind, Settings};

/// Written by new forests (MS-ADTS 6.1.1.2.4.1.1), in days.
const TOMBSTONE_LIFETIME: &str = "180";

impl Directory {
    pub(super) fn add_system_entries(&mut self, settings: &Settings) -> Result<()> {
        let base = settings.base.to_string();
        let is_ad = settings.is_active_directory();
        let class = if is_ad { "domainDNS" } else { "domain" };
        self.add_system_entry(&base, &[("objectClass", class)])?;
        if base != DEFAULT_BASE {
            // The users of two domains have different identities.
            self.guids_made = number_of(&base);
        }
        self.guids_made += 1;
        if is_ad {
            self.add(&format!("CN=Users,{base}"), [("objectClass", "container")])?;
            self.add_deleted_objects_container(&settings.base)?;
            self.add_configuration(settings)?;
        }
        for context in &settings.more_contexts {
            self.add_system_entry(&context.to_string(), &[("objectClass", class)])?;
            if is_ad {
                self.add_deleted_objects_container(context)?;
            }
        }
        Ok(())
    }

    fn add_configuration(&mut self, settings: &Settings) -> Result<()> {
        let configuration = settings.configuration();
        self.add(&configuration, [("objectClass", "configuration")])?;
        let id = settings.invocation_id.to_bytes_le().to_vec();
        self.add(
            &settings.ds_service_name(),
            [("objectClass", b"nTDSDSA".to_vec()), ("invocationId", id)],
        )?;
        let services = format!("CN=Services,{configuration}");
        for container in [services.clone(), format!("CN=Windows NT,{services}")] {
            self.add_system_entry(&container, &[("objectClass", "container")])?;
        }
        let lifetime = [
            ("objectClass", "nTDSService"),
            ("tombstoneLifetime", TOMBSTONE_LIFETIME),
        ];
        self.add_system_entry(&settings.directory_service(), &lifetime)?;
        let class = [("objectClass", "crossRefContainer")];
        self.add_system_entry(&settings.partitions(), &class)
    }

    /// Adds an entry whose identity follows from its DN: the same on every DC of the domain, in every run.
    fn add_system_entry(&mut self, dn: &str, attributes: &[(&str, &str)]) -> Result<()> {
        let guid = identity_of(dn);
        let identity = match self.kind {
            Kind::ActiveDirectory => guid.to_bytes_le().to_vec(),
            Kind::PlainLdap => guid.to_string().into_bytes(),
        };
        let attributes = attributes
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()));
        let attributes = attributes.chain([(self.identity_attribute(), identity)]);
        self.add(dn, attributes)?;
        Ok(())
    }

    fn add_deleted_objects_container(&mut self, context: &Dn) -> Result<()> {
        let dn = deleted_objects(context).to_string();
        self.add(&dn, [("objectClass", "container"), ("isDeleted", "TRUE")])?;
        let id = self.id_of_name(&dn)?;
        if let Some(container) = self.entries[id].as_mut() {
            container.deleted = true;
        }
        Ok(())
    }

    /// How many days deleted objects are kept, as the configuration says; none leaves the attribute out.
    /// The second is `msDS-DeletedObjectLifetime`, of a forest with a recycle bin.
    pub fn set_lifetimes(&mut self, tombstone: Option<u32>, deleted: Option<u32>) -> Result<()> {
        let dn = format!(
            "CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,{}",
            self.base
        );
        let text = |days: Option<u32>| days.map(|days| days.to_string());
        self.replace(&dn, "tombstoneLifetime", text(tombstone))?;
        self.replace(&dn, "msDS-DeletedObjectLifetime", text(deleted))
    }
}

/// The container of the deleted objects of a naming context.
pub(super) fn deleted_objects(context: &Dn) -> Dn {
    context.child(Rdn::new("CN", "Deleted Objects"))
}

/// An identity that follows from a name.
pub(crate) fn identity_of(name: &str) -> Uuid {
    identity(number_of(name))
}

/// A number that follows from a name, far from those of other names (FNV-1a).
fn number_of(name: &str) -> u64 {
    let hash = name
        .to_lowercase()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    // What counts from here on does not come to its end.
    hash >> 2
}

/// A GUID that looks random but is the same for the same number (`SplitMix64`).
pub(super) fn identity(number: u64) -> Uuid {
    let half = |seed: u64| {
        let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let (high, low) = (half(number * 2), half(number * 2 + 1));
    let bits = (u128::from(high) << 64) | u128::from(low);
    uuid::Builder::from_u128(bits)
        .with_version(uuid::Version::Random)
        .into_uuid()
}
