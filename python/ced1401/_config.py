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
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.A | re.I)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SECTION = re.compile(r"(adc|dac) +(\d+)", re.A)
NUMBERS = {"scale": "scale", "offset": "offset", "full-scale": "full_scale"}
LONGEST = {"name": 63, "unit": 31}      # bytes of UTF-8
MOST = {"adc": 32, "dac": 8}


class Channels(NamedTuple):
    """What a configuration file says of channels, by number."""

    inputs: dict[int, Channel]
    dacs: dict[int, Channel]


def _value(key: str, value: str) -> Any:
    """A setting's value; ValueError says what is wrong with it."""
    if key in LONGEST:
        if not 0 < len(value.encode()) <= LONGEST[key] or CONTROL.search(value):
            raise ValueError(f"a {key} has 1 to {LONGEST[key]} bytes")
        return value
    if key not in NUMBERS:
        raise ValueError("the keys are name, unit, scale, offset and full-scale")
    if not NUMBER.fullmatch(value):
        raise ValueError("it is no number")
    return float(value)


def with_settings(channel: Channel, settings: dict[str, str], where: str) -> Channel:
    """A channel with some of name, unit, scale, offset and full-scale set."""
    changes: dict[str, Any] = {}
    for key, value in settings.items():
        try:
            changes[NUMBERS.get(key, key)] = _value(key, value)
        except ValueError as error:
            raise ArgumentError(f"{where}: {key} = {value}: {error}") from None
    try:
        return replace(channel, **changes)
    except ArgumentError as error:
        raise ArgumentError(f"{where}: {error}") from None


def _number(kind: str, text: str, where: str) -> int:
    """The number of an input or DAC."""
    number = int(text)
    if number >= MOST[kind]:
        raise ArgumentError(f"{where}: inputs are 0 to 31, DACs 0 to 7")
    return number


def parse_channel(text: str) -> Channel:
    r"""A channel as ``ced1401 --channel`` takes it. A backslash goes before a comma.

    >>> parse_channel(r"3:name=EMG\, left,unit=mV,scale=0.5")
    Channel(number=3, name='EMG, left', unit='mV', scale=0.5, offset=0.0, full_scale=5.0)
    >>> parse_channel("dac1:unit=mA")
    Channel(number=1, name='', unit='mA', scale=1.0, offset=0.0, full_scale=5.0)
    """
    number, _, rest = text.partition(":")
    kind = "dac" if number.startswith("dac") else "adc"
    digits = number.removeprefix("dac")
    if not re.fullmatch(r"\d+", digits, re.A):
        raise ArgumentError(f"{text}: a number comes first: 0:name=EMG")
    settings = {}
    while rest:
        item = ITEM.match(rest)
        if not item:
            raise ArgumentError(f"{text}: KEY=VALUE, with commas between: 0:name=EMG,unit=mV")
        settings[item[1]] = re.sub(r"\\(.)", r"\1", item[2], flags=re.S)
        rest = rest[item.end():]
    return with_settings(Channel(_number(kind, digits, text)), settings, text)


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
    for section, settings in _sections(path):
        if not section.startswith(("adc ", "dac ")):
            continue
        where = f"{path}: [{section}]"
        match = SECTION.fullmatch(section)
        if not match:
            raise ArgumentError(f"{where}: inputs and DACs have numbers")
        number = _number(match[1], match[2], where)
        channels = found.inputs if match[1] == "adc" else found.dacs
        channels[number] = with_settings(channels.get(number, Channel(number)), settings,
                                         where)


def _sections(path: str) -> list[tuple[str, dict[str, str]]]:
    """What a file says, as the command reads it, by libinih."""
    import configparser     # is not needed by most programs

    class Parser(configparser.RawConfigParser):
        """One that takes names as they are written."""

        def optionxform(self, optionstr: str) -> str:
            return optionstr

    parser = Parser(strict=False, default_section="", inline_comment_prefixes=(";",),
                    empty_lines_in_values=False)
    try:
        with open(path, encoding="utf-8-sig") as file:
            parser.read_file(file)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path}: {error}") from None
    found = [(section, dict(parser[section])) for section in parser.sections()]
    for section, settings in found:
        for key, value in settings.items():
            if "\n" in value:
                raise ArgumentError(f"{path}: [{section}]: the line below {key} begins "
                                    "with a space")
    return found
