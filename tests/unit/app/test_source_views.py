from pathlib import Path

from notifier.app.config_file import ConfigFile
from notifier.app.source_views import views
from tests.unit.app.files import file, own
from tests.unit.app.running import in_folder


def test_the_native_source_is_shown_with_and_without_its_secret(tmp_path: Path) -> None:
    for given, schemes in ((in_folder(tmp_path), 1), (in_folder(tmp_path, WEBHOOK_SECRET=""), 0)):
        (one,) = views(ConfigFile(given).read(), given)
        assert (one.name, one.preset, one.success_status) == ("default", None, 202)
        assert len(one.schemes) == schemes
        assert (one.dedupe_key, one.dedupe_body_window) == (("headers['webhook-id']",), None)


def test_a_source_of_ones_own_is_shown_as_its_table_says(tmp_path: Path) -> None:
    reader = file(tmp_path, own().replace("sources.desk", "sources.a-desk"))
    first, second = views(reader.read(), reader.settings)
    assert [first.name, second.name] == ["a-desk", "default"]
    assert (first.title, first.desk_url, first.is_open) == (None, None, False)
    assert first.schemes == ("HMAC-SHA256 in x-signature",)
    assert (first.dedupe_window, first.dedupe_body_window) == ("30d", "1h")
