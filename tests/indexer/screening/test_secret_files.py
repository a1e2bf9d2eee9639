"""Names that tell of secrets, however they are spelled and addressed."""

import pytest

from indexer.screening.secret_files import is_secret, paths


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".ENV", "a/.Env.Local", ".envrc", "prod.env", "x.tfstate", "x.tfstate.backup",
        "prod.TFVARS", "prod.auto.tfvars", "prod.tfvars.json", "kubeconfig", "KubeConfig.yaml",
        "prod-kubeconfig", ".kube/config", "home/.KUBE/config", "ID_RSA", "id_rsa.bak",
        "deploy_rsa",
        "server.PEM", "server.pem~", "server.pem.old.1", "service-account.json",
        "Service_Account-prod.json", "x-firebase-adminsdk-1.json", ".vault-token", ".npmrc",
        ".pypirc", ".netrc", "_netrc", ".docker/config.json", ".aws/credentials", ".aws/config",
        "x.kdbx", "x.JKS", "x.p12", "x.pfx", "x.ppk", "credentials", "Credentials.json",
        "secrets.yml", ".git-credentials", ".pgpass", ".my.cnf", "..\\w\\.env", "C:\\w\\.ENV",
        ".env.", ".env ", ".env::$DATA", ".ｅｎｖ", ".e\u200bnv", "..env.swp", ".ſsh/config",
        ".ssh/known_hosts", "#.env#", "x.secret", "x.keytab", ".bash_history",
    ],
)  # fmt: skip
def test_it_is_kept(path: str) -> None:
    assert is_secret(path)
    assert is_secret(f"/somewhere/{path}")


@pytest.mark.parametrize(
    "path",
    ["", "/", "app.py", ".env.example", ".ENV.Sample", "id_rsa.pub", "environment.py", "secrets.py",
     "credentials.py", "keyboard.md", "docs/env.md", "tokens.ts", "ssh/config.md", "aws/readme.md",
     "main.tf", "config.json", "envelope"],
)  # fmt: skip
def test_what_is_only_called_alike_is_not(path: str) -> None:
    assert not is_secret(path)


@pytest.mark.parametrize(
    "uri",
    [
        "file:///w/.ENV", "git:/w/.env?%7B%22path%22%3A%22%2Fw%2F.env%22%2C%22ref%22%3A%22%22%7D",
        "untitled:.env", "untitled:/w/.env", "vscode-notebook-cell:/w/.env#W0sZmlsZQ%3D%3D",
        "vscode-remote://ssh-remote%2Bhost/w/server.pem", "oil:///w/.aws/credentials",
        "oil-ssh://host//w/.env", "fugitive:///w/.git//0/.env", "scp://host/.env",
        "file:///w/%2Eenv", "file:///w/%252Eenv", "jar:file:///a.jar!/.env",
        "zipfile:///a.zip::.env", "git:/w/a.txt?{\"path\":\"/w/.env\"}", "x-unknown:?file=.env",
    ],
)  # fmt: skip
def test_a_secret_is_found_in_an_address_of_any_scheme(uri: str) -> None:
    assert any(map(is_secret, paths(uri)))


@pytest.mark.parametrize(
    "uri", ["file:///w/app.py", "untitled:Untitled-1", "git:/w/app.py?%7B%22ref%22%3A%22~%22%7D",
            "vscode-notebook-cell:/w/a.ipynb#X", "oil:///w/src/"],
)  # fmt: skip
def test_other_addresses_hold_none(uri: str) -> None:
    assert not any(map(is_secret, paths(uri)))
