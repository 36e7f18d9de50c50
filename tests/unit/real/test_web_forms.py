"""Forms as a browser would send them."""

from tests.real import web_forms

PAGE = """
<form action="/search"><input name="q" value="printer"><button name="go">Go</button></form>
<form method="post">
  <input type="hidden" name="token" value="t">
  <input name="empty">
  <input type="checkbox" name="public" checked><input type="checkbox" name="private">
  <input type="radio" name="status" value="1"><input type="radio" name="status" value="3" checked>
  <input name="locked" value="x" disabled><input type="file" name="attachment">
  <select name="owner">
    <option value="0" disabled selected>Unassigned</option><option value="2">john</option>
  </select>
  <select name="priority"><option value="1">1</option><option value="3" selected>3</option></select>
  <textarea name="comment">
It &lt;burns&gt;
now</textarea>
</form>
<input name="outside" value="x">
"""


def test_a_form_holds_what_a_browser_would_send() -> None:
    search, reply = web_forms.read(PAGE)
    assert (search.action, search.values) == ("/search", {"q": "printer"})
    assert reply.action == ""
    assert reply.values == {
        "token": "t",
        "empty": "",
        "public": "on",
        "status": "3",
        "priority": "3",
        "comment": "It <burns>\nnow",
    }
