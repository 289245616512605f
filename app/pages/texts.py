"""What the pages say, in the languages there are."""

from collections.abc import Mapping

from domain.kit.refusals import Invalid, Refusal

Texts = Mapping[str, str]

ENGLISH: Texts = {
    "lang": "en",
    "verify": "Confirm your e-mail address",
    "verify.intro": "Press the button to confirm that this address is yours.",
    "verify.do": "Confirm my address",
    "verify.done": "Your address is confirmed.",
    "reset": "Choose a new password",
    "reset.intro": "Your new password needs at least ten characters. It signs you out everywhere.",
    "reset.do": "Set this password",
    "reset.done": "Your password is changed. You can sign in with it now.",
    "accept": "Join a company",
    "accept.intro": "If this address has an account already, enter its password; your name is then known. "
    "Otherwise enter your name and choose a password of at least ten characters.",
    "accept.company": "The company that invites you calls itself “{company}”.",
    "accept.person": "{inviter} invites you to join the company that calls itself “{company}”.",
    "accept.do": "Join",
    "accept.done": "You belong to the company now. You can sign in.",
    "optout": "Mail that others cause",
    "optout.intro": "Headwater shall not write to this address because others want it to: no invitations, "
    "no greetings and no notifications.",
    "optout.do": "No such mail any more",
    "optout.done": "No such mail is sent to this address any more.",
    "optin.intro": "No mail that others cause is sent to this address.",
    "optin.do": "Allow it again",
    "optin.done": "Such mail can be sent to this address again.",
    "task": "A task",
    "task.intro": "Sign in where you work with Headwater to see this task. Its id there:",
    "confirm": "Confirm your subscription",
    "confirm.intro": "Press the button to confirm that you want this.",
    "confirm.do": "Yes, subscribe me",
    "confirm.done": "You are subscribed. You can leave at any time by a link in each mail.",
    "sender": "Send in the name of your address",
    "sender.intro": "Press the button if this company may send its mail with this address as the sender.",
    "sender.do": "Yes, it may",
    "sender.done": "The address is verified. The company can send with it now.",
    "preferences": "What is sent to you",
    "preferences.company": "{company} sends you what is ticked here. Change what you like.",
    "preferences.none": "You are on no list of {company}.",
    "preferences.do": "Save",
    "preferences.done": "Your choice is saved, and holds from now on.",
    "preferences.all": "Unsubscribe from everything",
    "unsubscribe": "Unsubscribe",
    "unsubscribe.list": "Press the button, and {company} sends you nothing of “{list}” any more.",
    "unsubscribe.all": "Press the button, and {company} sends you nothing of this kind any more.",
    "unsubscribe.do": "Unsubscribe",
    "unsubscribe.done": "You are unsubscribed, and nothing more is sent to you.",
    "contact.gone": "{company} does not keep this address any more, and sends nothing to it.",
    "a_company": "This company",
    "password": "Password",
    "first_name": "First name",
    "last_name": "Last name",
    "home": "Go to Headwater",
    "not_valid": "This link is not valid, or no longer valid. Each link works once and for a limited time.",
    "invalid": "{field} {reason}.",
    "sign_in_refused": "This password is not right.",
    "account_is_suspended": "This account is suspended. Ask those who run this service.",
    "account_not_open": "This account is suspended or closed. Ask those who run this service.",
    "password_too_weak": "This password is too short or too easy to guess.",
    "too_many_attempts": "There were too many attempts. Try again in a few minutes.",
    "passwords_busy": "Too many people are signing in at the moment. Try again in a minute.",
    "user_is_a_member": "You belong to this company already. You can sign in.",
    "other_site": "This form was sent by another site, so nothing was done. Open the link of the mail again.",
}
GERMAN: Texts = {
    "lang": "de",
    "verify": "E-Mail-Adresse bestätigen",
    "verify.intro": "Bestätigen Sie mit dem Knopf, dass diese Adresse Ihre ist.",
    "verify.do": "Adresse bestätigen",
    "verify.done": "Ihre Adresse ist bestätigt.",
    "reset": "Neues Passwort wählen",
    "reset.intro": "Das neue Passwort braucht mindestens zehn Zeichen. Es meldet Sie überall ab.",
    "reset.do": "Passwort setzen",
    "reset.done": "Ihr Passwort ist geändert. Sie können sich jetzt damit anmelden.",
    "accept": "Einem Unternehmen beitreten",
    "accept.intro": "Gibt es zu dieser Adresse schon ein Konto, geben Sie dessen Passwort ein; "
    "Ihr Name ist dann bekannt. "
    "Sonst geben Sie Ihren Namen ein und wählen ein Passwort mit mindestens zehn Zeichen.",
    "accept.company": "Das Unternehmen, das Sie einlädt, nennt sich „{company}“.",
    "accept.person": "{inviter} lädt Sie ein, dem Unternehmen beizutreten, das sich „{company}“ nennt.",
    "accept.do": "Beitreten",
    "accept.done": "Sie gehören jetzt zum Unternehmen und können sich anmelden.",
    "optout": "E-Mails, die andere veranlassen",
    "optout.intro": "Niemand soll Headwater an diese Adresse schreiben lassen: keine Einladungen und Hinweise.",
    "optout.do": "Keine solchen E-Mails mehr",
    "optout.done": "An diese Adresse gehen keine solchen E-Mails mehr.",
    "optin.intro": "An diese Adresse gehen keine E-Mails, die andere veranlassen.",
    "optin.do": "Wieder erlauben",
    "optin.done": "An diese Adresse dürfen wieder solche E-Mails gehen.",
    "task": "Eine Aufgabe",
    "task.intro": "Melden Sie sich dort an, wo Sie mit Headwater arbeiten, um diese Aufgabe zu sehen. "
    "Ihre Nummer dort:",
    "confirm": "Anmeldung bestätigen",
    "confirm.intro": "Bestätigen Sie mit dem Knopf, dass Sie das erhalten möchten.",
    "confirm.do": "Ja, anmelden",
    "confirm.done": "Sie sind angemeldet. Mit einem Link in jeder E-Mail melden Sie sich jederzeit wieder ab.",
    "sender": "Im Namen Ihrer Adresse senden",
    "sender.intro": "Drücken Sie den Knopf, wenn dieses Unternehmen mit dieser Adresse als Absender senden darf.",
    "sender.do": "Ja, das darf es",
    "sender.done": "Die Adresse ist bestätigt. Das Unternehmen kann nun mit ihr senden.",
    "preferences": "Was Sie erhalten",
    "preferences.company": "{company} sendet Ihnen, was hier angekreuzt ist. Ändern Sie, was Sie möchten.",
    "preferences.none": "Sie stehen auf keiner Liste von {company}.",
    "preferences.do": "Speichern",
    "preferences.done": "Ihre Wahl ist gespeichert und gilt ab jetzt.",
    "preferences.all": "Von allem abmelden",
    "unsubscribe": "Abmelden",
    "unsubscribe.list": "Drücken Sie den Knopf, und {company} sendet Ihnen nichts mehr aus „{list}“.",
    "unsubscribe.all": "Drücken Sie den Knopf, und {company} sendet Ihnen nichts dergleichen mehr.",
    "unsubscribe.do": "Abmelden",
    "unsubscribe.done": "Sie sind abgemeldet und erhalten nichts mehr.",
    "contact.gone": "{company} führt diese Adresse nicht mehr und sendet ihr nichts.",
    "a_company": "Dieses Unternehmen",
    "password": "Passwort",
    "first_name": "Vorname",
    "last_name": "Nachname",
    "home": "Zu Headwater",
    "not_valid": "Dieser Link ist nicht oder nicht mehr gültig. Links gelten einmal und nur eine Weile.",
    "invalid": "Das Feld „{field}“ ist leer, zu lang oder enthält etwas, das dort nicht stehen kann.",
    "sign_in_refused": "Dieses Passwort stimmt nicht.",
    "account_is_suspended": "Dieses Konto ist gesperrt. Fragen Sie die Betreiber.",
    "account_not_open": "Dieses Konto ist gesperrt oder geschlossen. Fragen Sie die Betreiber.",
    "password_too_weak": "Dieses Passwort ist zu kurz oder zu leicht zu erraten.",
    "too_many_attempts": "Das waren zu viele Versuche. Bitte in einigen Minuten noch einmal.",
    "passwords_busy": "Gerade melden sich zu viele an. Bitte in einer Minute noch einmal.",
    "user_is_a_member": "Sie gehören schon zu diesem Unternehmen und können sich anmelden.",
    "other_site": "Dieses Formular kam von einer anderen Seite; es ist nichts geschehen. "
    "Öffnen Sie den Link der E-Mail.",
}
_LANGUAGES = {texts["lang"]: texts for texts in (ENGLISH, GERMAN)}
_SPENT = {"verification_not_valid", "reset_not_valid", "invitation_not_valid", "confirmation_not_valid"}


def texts_for(accept_language: str) -> Texts:
    """The texts in the first language of an ``Accept-Language`` header that there is; English otherwise."""
    for language in accept_language.split(",")[:20]:
        found = _LANGUAGES.get(language.partition(";")[0].strip()[:2].lower())
        if found is not None:
            return found
    return ENGLISH


def refusal_text(texts: Texts, refusal: Refusal) -> str:
    """Why something was refused, in the reader's language where there are words for it."""
    if isinstance(refusal, Invalid) and (field := texts.get(refusal.field or "")):
        return texts["invalid"].format(field=field, reason=refusal.facts["reason"])
    return texts.get("not_valid" if refusal.code in _SPENT else refusal.code, refusal.message)
