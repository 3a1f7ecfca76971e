"""Makes the Active Directory domain of the tests, as samba-tool does.

samba-tool itself always sets Windows rights on the files of the sysvol share,
which needs root and a file system with extended attributes. A server that only
answers LDAP has no use for them.

Usage: provision.py SMB_CONF REALM DOMAIN HOST_NAME, with the administrator's
password as standard input.
"""

import logging
import sys

from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision

config, realm, domain, host_name = sys.argv[1:]
logging.basicConfig(stream=sys.stderr)
settings = LoadParm()
settings.load(config)
provision(
    logging.getLogger("provision"),
    system_session(),
    smbconf=config,
    lp=settings,
    realm=realm,
    domain=domain,
    hostname=host_name,
    hostip="127.0.0.1",
    adminpass=sys.stdin.read(),
    serverrole="active directory domain controller",
    dns_backend="NONE",
    # samba-tool's default, which the function does not share.
    dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
    skip_sysvolacl=True,
)
