"""Recognizes files whose names suggest secrets, in any case, spelling or scheme. Pure.

The editor side never sends them, and the indexer never reads them.
"""

import re
import unicodedata
from collections.abc import Iterator
from fnmatch import translate
from urllib.parse import unquote

# In lower case. A name with a slash at its end is a folder and means everything in it.
_NAMES = """
.env .env.* *.env .envrc .env-* env.local
*.tfstate *.tfstate.* *.tfvars *.tfvars.json .terraformrc terraform.rc *.tfrc.json
kubeconfig kubeconfig.* *.kubeconfig *-kubeconfig *-kubeconfig.* *_kubeconfig
*.pem *.key *.p8 *.p12 *.pfx *.ppk *.jks *.keystore *.kdb *.kdbx *.keytab *.agekey *.gpg *.ovpn
*.keychain *.keychain-db secring.*
id_dsa* id_ecdsa* id_ed25519* id_rsa* id_xmss* *_rsa *_dsa *_ecdsa *_ed25519 identity
service-account*.json service_account*.json serviceaccount*.json *-service-account.json
*-serviceaccount.json gcp-key*.json client_secret*.json *firebase-adminsdk*.json
application_default_credentials.json
.vault-token .vault_pass* .vault-pass* vault_pass* *.vault
.npmrc .pypirc .netrc _netrc .git-credentials .htpasswd .pgpass .my.cnf .mylogin.cnf .s3cfg .boto
.dockercfg .dockerconfigjson .databrickscfg .rclone.conf rclone.conf clouds.yaml secure.yaml
credentials credentials.csv credentials.ini credentials.json credentials.toml credentials.txt
credentials.yaml credentials.yml secrets.csv secrets.ini secrets.json secrets.toml secrets.txt
secrets.yaml secrets.yml *.secret *.secrets
.bash_history .zsh_history .sh_history .psql_history .mysql_history .python_history
"""
_PATHS = (
    ".docker/config.json", ".config/gh/hosts.yml", ".config/rclone/rclone.conf",
    ".cargo/credentials.toml", ".composer/auth.json",
)  # fmt: skip
_FOLDERS = frozenset(
    {
        ".aws",
        ".azure",
        ".direnv",
        ".gnupg",
        ".kube",
        ".password-store",
        ".secrets",
        ".ssh",
        "gcloud",
    }
)
_HARMLESS = re.compile(r"\.env[.-](example|sample|template|dist)|.*\.pub")
_NAME = re.compile("|".join(translate(each) for each in _NAMES.split()))
# Suffixes of copies that editors and people make.
_COPY = re.compile(r"(?:~|#|\.(?:bak|backup|old|orig|save|copy|tmp|swp|swo|disabled|\d{1,9}))\Z")
_SEPARATORS = re.compile(r"[\\/]+")
_AROUND_PATHS = re.compile(r"[\s?#&=\"'{},;!|<>]|::")


def is_secret(path: str) -> bool:
    """Whether the name of a file, or of a folder that it is in, suggests a secret."""
    parts = [part for part in map(_plain, _SEPARATORS.split(path)) if part]
    if not parts:
        return False
    if not _FOLDERS.isdisjoint(parts[:-1]):
        return True
    names = list(_originals(parts[-1]))
    folder = "/".join(parts[:-1])
    return any(
        (_NAME.fullmatch(name) is not None and not _HARMLESS.fullmatch(name))
        or any(f"/{folder}/{name}".endswith(f"/{each}") for each in _PATHS)
        for name in names
    )


def paths(uri: str) -> list[str]:
    """Everything that may be a path in an address: ``git:/a/.env?{"ref":"HEAD"}`` has two.

    It may be escaped once or twice, like an address inside an address.
    """
    scheme, colon, rest = uri.partition(":")
    rest = rest if colon and len(scheme) > 1 else uri
    found = {rest, unquote(rest), unquote(unquote(rest))}
    tokens = {token for each in found for token in _AROUND_PATHS.split(each)}
    return sorted(token for token in found | tokens if token.strip("/"))


def _plain(part: str) -> str:
    """The name as the most lenient file system compares it: case, forms of
    letters, stream names.
    """
    kept = "".join(each for each in part if unicodedata.category(each) not in ("Cf", "Cc"))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", kept).casefold())
    return folded.split(":", 1)[0].rstrip(". ").lstrip(" ") if folded not in (".", "..") else ""


def _originals(name: str) -> Iterator[str]:
    """The name, and the name of the file that it may be a copy of."""
    for _ in range(4):
        yield name
        if name.startswith(".") and name.endswith((".swp", ".swo")):
            yield name[1:-4]
        stripped = _COPY.sub("", name).lstrip("#")
        if stripped == name:
            return
        name = stripped
