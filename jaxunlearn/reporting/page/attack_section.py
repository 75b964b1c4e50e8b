"""The part of a run's page that says what attacks brought back."""

import html

from jaxunlearn.attacks.attack_folder import AttackFolder, read_attacks
from jaxunlearn.reporting.attacks.files import attack_picture
from jaxunlearn.reporting.attacks.words import attack_lines
from jaxunlearn.reporting.page.figure import figure
from jaxunlearn.training.storage.run_dir import RunFolder


def attack_section(folder: RunFolder) -> str:
    """Return the HTML of what attacks brought back; an empty text if the run was not attacked."""
    attacks = read_attacks(folder.path)
    if attacks is None:
        return ""
    parts = ["<h2>Attacks</h2>"]
    files = AttackFolder(folder.path)
    for number, figures in attacks["people"].items():
        person, subject = int(number), attacks["subjects"][number]
        lines = attack_lines(subject, figures)
        parts.append(f"<p>{'<br>'.join(html.escape(line) for line in lines)}</p>")
        parts.append(figure(attack_picture(folder, person), f"{subject}: before, after, and brought back."))
        if "erasure" in figures:
            drawing = files.drawing("erasure", person, "map")
            parts.append(figure(drawing, "All people as the attacker's network sees them, before and after."))
    return "".join(parts)
