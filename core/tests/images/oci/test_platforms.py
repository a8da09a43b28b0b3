from __future__ import annotations

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.platforms import Platform


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm64", "linux/arm64/v8"])
def test_platform_is_read_and_written(text: str) -> None:
    """The names are those of the OCI specification."""
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["windows/amd64", "linux", "amd64", "linux/s390x", ""])
def test_platform_without_wheels_is_refused(text: str) -> None:
    """The error names those that can be built for."""
    with pytest.raises(InvalidArgumentError) as caught:
        Platform.parse(text)
    assert caught.value.hint == "choose from linux/amd64, linux/arm64"


def test_variant_that_is_usual_need_not_be_said() -> None:
    """An index says `arm64/v8`, or just `arm64`, for the same machines."""
    assert Platform.parse("linux/arm64").runs("linux", "arm64", "v8")
    assert Platform.parse("linux/arm64/v8").runs("linux", "arm64", None)
    assert not Platform.parse("linux/arm64/v9").runs("linux", "arm64", "v8")
    assert not Platform.parse("linux/amd64").runs("linux", "amd64", "v3")


def test_wheels_are_for_an_old_enough_c_library() -> None:
    """Those for glibc 2.28 come first, those for the oldest that is named last (PEP 600)."""
    tags = Platform.parse("linux/arm64").wheel_tags
    assert (tags[0], tags[-1]) == ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64")


def test_platform_of_this_machine_is_one_of_them() -> None:
    """Where the tests run, images can be built."""
    assert Platform.local() in {Platform("amd64"), Platform("arm64")}
