"""Where the process starts, as `glossator` and as `python -m glossator`."""

from glossator import packages


def main() -> None:
    packages.find()
    from glossator import cli  # imports them

    cli.main()


if __name__ == "__main__":
    main()
