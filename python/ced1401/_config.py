# SPDX-License-Identifier: LGPL-2.1-or-later
"""Channels as the command ced1401(1) has them: --channel, and the configuration file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, NamedTuple

from ._channel import Channel
from ._errors import ArgumentError

SYSTEM = "/etc/ced1401.conf"
OWN = "ced1401.conf"        # in $XDG_CONFIG_HOME or ~/.config

# A key, and a value in which a backslash takes the next character as it is
ITEM = re.compile(r"([^=,]*)=((?:\\.|[^,\\])*)(?:,|$)", re.S)
NUMBERS = {"scale": "scale", "offset": "offset", "full-scale": "full_scale"}


class Channels(NamedTuple):
    """What a configuration file says of channels, by number."""

    inputs: dict[int, Channel]
    dacs: dict[int, Channel]


def with_settings(channel: Channel, settings: dict[str, str], where: str) -> Channel:
    """A channel with some of name, unit, scale, offset and full-scale set."""
    changes: dict[str, Any] = {}
    for key, value in settings.items():
        if key in ("name", "unit"):
            changes[key] = value
        elif key in NUMBERS:
            try:
                changes[NUMBERS[key]] = float(value)
            except ValueError:
                raise ArgumentError(f"{where}: {key} is a number, not {value}") from None
        else:
            raise ArgumentError(f"{where}: {key}: the keys are name, unit, scale, offset "
                                "and full-scale")
    try:
        return replace(channel, **changes)
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from None


def parse_channel(text: str) -> Channel:
    r"""A channel as ``ced1401 --channel`` takes it. A backslash goes before a comma.

    >>> parse_channel(r"3:name=EMG\, left,unit=mV,scale=0.5")
    Channel(number=3, name='EMG, left', unit='mV', scale=0.5, offset=0.0, full_scale=5.0)
    """
    number, _, rest = text.partition(":")
    if not number.isdecimal():
        raise ArgumentError(f"{text}: a number comes first: 0:name=EMG")
    settings = {}
    while rest:
        item = ITEM.match(rest)
        if not item:
            raise ArgumentError(f"{text}: KEY=VALUE, with commas between: 0:name=EMG,unit=mV")
        settings[item[1]] = re.sub(r"\\(.)", r"\1", item[2], flags=re.S)
        rest = rest[item.end():]
    return with_settings(Channel(int(number)), settings, text)


def read_channels(path: str | os.PathLike[str] | None = None) -> Channels:
    """The channels of a configuration file of the command ced1401(1).

    Its sections ``[adc 0]`` and ``[dac 0]`` have lines ``name = EMG``, ``unit = mV``,
    ``scale = 0.5``, ``offset = 0`` and ``full-scale = 5``; other sections are not looked at.
    Without *path* these two are read, if they are there: /etc/ced1401.conf, and
    ced1401.conf in $XDG_CONFIG_HOME, by default ~/.config, whose settings count more.
    """
    if path is None:
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        paths = [p for p in (SYSTEM, os.path.join(home, OWN)) if os.path.exists(p)]
    else:
        paths = [os.fspath(path)]
    found = Channels({}, {})
    for name in paths:
        _read(name, found)
    return found


def _read(path: str, found: Channels) -> None:
    import configparser     # is not needed by most programs
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";",))
    with open(path, encoding="utf-8") as file:
        try:
            parser.read_file(file)
        except configparser.Error as error:
            raise ArgumentError(f"{path}: {error}") from None
    for section in parser.sections():
        kind, _, number = section.partition(" ")
        if kind not in ("adc", "dac"):
            continue
        if not number.isdecimal():
            raise ArgumentError(f"{path}: [{section}]: inputs and DACs have numbers")
        channels = found.inputs if kind == "adc" else found.dacs
        before = channels.get(int(number), Channel(int(number)))
        channels[int(number)] = with_settings(before, dict(parser[section]),
                                              f"{path}: [{section}]")
