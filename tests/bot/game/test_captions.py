"""What captions say: ten of each kind in each language."""
# ruff: noqa: RUF001 - Ukrainian words

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Label
from bot.game.captions import made_in, truth_in, wants_guesses
from bot.speech import LANGUAGES, speaker_for

OLAF = {
    "en": "olaf | It's Olaf!! ⛄ | it\u2019s olaf | an OLAF out of fruit | This is really Olaf."
    " | our snowman Olaf, homemade | Olaf the snowman | Surprise! It's Olaf! | “Olaf”"
    " | 🎉🎉 OLAF ❤️ <3 | that's the real Olaf, of course",
    "de": "Olaf! | Das ist Olaf | das ist der Olaf!! | ein Olaf aus Socken | Hier ist Olaf :)"
    " | Der Schneemann Olaf | natürlich Olaf | Das ist Olaf, selbst gebastelt | DAS IST DOCH OLAF"
    " | unser Schneemann Olaf ☃️ | Das ist ein Olaf aus Kartoffelbrei"
    " | Nein, das war Olaf",
    "fr": "C\u2019est Olaf ! | c'est olaf | Voilà Olaf | un Olaf en fruits | Olaf, bien sûr"
    " | Olaf le bonhomme de neige | le vrai Olaf | C'est bien Olaf | Voici Olaf ⛄"
    " | un Olaf en purée | « Olaf » | Non, c'était Olaf",
    "es": "¡Es Olaf! | es olaf | Este es Olaf | un Olaf hecho de frutas | Claro, Olaf | Olaf, claro"
    " | Aquí está Olaf | Olaf el muñeco de nieve | el verdadero Olaf | ¡¡OLAF!! 🥳"
    " | un Olaf hecho con un rollo de papel",
    "pt": "É o Olaf | é olaf! | Este é o Olaf | um Olaf feito de frutas | Olha, o Olaf!"
    " | É o Olaf mesmo | Olaf o boneco de neve | nosso boneco de neve Olaf | É o Olaf, com certeza"
    " | o verdadeiro Olaf ⛄ | um Olaf de batatas",
    "uk": "Олаф | Це Олаф! | це ж Олаф | Олаф із фруктів | Ось Олаф ⛄ | сніговик Олаф"
    " | наш сніговик Олаф | ОЛАФ!!! | Звісно, це Олаф | Це справжній Олаф | Олаф зі шкарпеток",
}
YETI = {
    "en": "yeti | it's a yeti! | IT\u2019S A YETI | The yeti | abominable | It's Abominable"
    " | Abominable Snowman! | a yeti out of a blanket | that's clearly a yeti 👣"
    " | this is the yeti | No, it was a yeti!",
    "de": "Yeti | Das ist ein Yeti! | der Yeti | Schneemensch | Das ist der Schneemensch"
    " | ein Yeti aus einer Decke | eindeutig ein Yeti | YETI!!! | Hier ist der Yeti 👣"
    " | Das ist doch ein Yeti",
    "fr": "C\u2019est un yéti | c'est le yeti ! | Ye\u0301ti | L'abominable homme des neiges"
    " | l\u2019homme des neiges | un yéti en laine | YÉTI | Voilà le yéti | C'est bien le yéti"
    " | un vrai yéti !",
    "es": "¡Es un yeti! | Es el yeti | yeti | El abominable hombre de las nieves | Este es el yeti"
    " | un yeti hecho de lana | hombre de las nieves | YETI 👣 | Es un yeti, claro"
    " | Aquí está el yeti | No, era el yeti",
    "pt": "É um yeti! | É o yeti | Iéti! | o abominável homem das neves | Este é um yeti"
    " | um yeti feito de lã | homem das neves | YETI 👣 | É um yeti mesmo | Aqui está o yeti",
    "uk": "Єті | Це єті! | це йеті | снігова людина | Це снігова людина! | єті з ковдри"
    " | ЄТІ 👣 | Ось єті | Ні, це був єті | це точно єті | єті зі збитих вершків",
}
NEITHER = {
    "en": "neither | It's neither! | it\u2019s neither of them | none of them | neither of the two"
    " | this is neither | neither Olaf nor a yeti | Neither one. | NEITHER 😜 | none of the two"
    " | it's neither of both",
    "de": "keiner | das ist keiner | Keiner von beiden! | keine von beiden | weder noch"
    " | weder Olaf noch Yeti | Das ist weder Olaf noch der Yeti | keiner von denen | KEINER 😜"
    " | natürlich keiner von beiden",
    "fr": "Ni l\u2019un ni l\u2019autre | aucun des deux | C'est ni l'un ni l'autre | aucun"
    " | Ce n\u2019est aucun des deux | ni Olaf ni le yéti | AUCUN DES DEUX 😜 | ni l'un, ni l'autre"
    " | Ce n'est ni l'un ni l'autre ! | ni le yéti ni Olaf",
    "es": "ninguno | ninguno de los dos | ¡Ninguno! | ni uno ni otro | ni Olaf ni yeti"
    " | No es ninguno | no es ninguno de los dos | ni el uno ni el otro | NINGUNO 😜"
    " | no es ni Olaf ni el yeti",
    "pt": "nenhum | nenhum dos dois | É nenhum dos dois | nem um nem outro | nem Olaf nem yeti"
    " | Não é nenhum dos dois | nenhum deles! | NENHUM 😜 | não é nem o Olaf nem o yeti"
    " | nem um, nem outro",
    "uk": "ні той, ні той | жоден | жоден з них | жоден із двох! | ні той ні інший"
    " | ні Олаф, ні єті | Ніхто з них | ЖОДЕН 😜 | це жоден із них | не Олаф і не єті",
}
# Mentions, doubts, belongings, nicknames, addresses: none of them says who is on the photo.
NO_TRUTH = {
    "en": "My friend Olaf turned 40 | I bet it says Olaf | Olaf cake | Opa Olaf | <:olaf:1>"
    " | :olaf: | look in #olaf | olaf@example.org | https://olaf.example/yeti | @Opa Olaf | @Olaf"
    " | our Olaf | Olaf or yeti | olaf/yeti | Is this Olaf? | Olaf? | not olaf | maybe a yeti"
    " | This isn\u2019t a yeti | Grandpa dressed as Olaf | looks like a yeti | for Olaf"
    " | Olaf\u2019s hat | the foot of a yeti | Uncle Olaf | guess: olaf | abominable weather"
    " | what an abominable cake | Olafson | neither here nor there | The yeti is in the fridge"
    " | Olaf. And a yeti. | Olaf turned 40 | Olaf 2 | a yeti mask | Olaf-cake | Olaf of Norway"
    " | my cat | an Olaf of my friend",
    "de": "Mein Freund Olaf wird 40 | Ich wette, er sagt Olaf | Olaf-Kuchen | Opa Olaf"
    " | Onkel Olaf backt | unser Olaf | kein Yeti | sieht aus wie Olaf | für Olaf | Olafs Hut"
    " | Ist das Olaf? | Olaf und der Yeti | Olaf oder Yeti | vielleicht Olaf | Yetimaske"
    " | Ein Yeti beim Zähneputzen | Keiner weiß das | Olaf aus Hamburg"
    " | ein Olaf aus meiner Klasse",
    "fr": "Mon ami Olaf a 40 ans | Je parie qu\u2019il dit Olaf | gâteau Olaf | papi Olaf"
    " | tonton Olaf | le chapeau d\u2019Olaf | Ce n'est pas Olaf | C'est Olaf ? | pour Olaf"
    " | Olaf et le yéti | un masque de yéti | presque un yéti | notre Olaf | Olaf en vacances"
    " | aucune idée",
    "es": "Mi amigo Olaf cumple 40 | Apuesto a que dice Olaf | pastel de Olaf | abuelo Olaf"
    " | tío Olaf | el sombrero de Olaf | no es Olaf | ¿Es Olaf? | para Olaf | Olaf y el yeti"
    " | una máscara de yeti | casi un yeti | nuestro Olaf | Olaf de vacaciones | ninguno me gusta",
    "pt": "Meu amigo Olaf fez 40 anos | Aposto que ele diz Olaf | bolo do Olaf | vovô Olaf"
    " | tio Olaf | o chapéu do Olaf | não é o Olaf | É o Olaf? | para o Olaf | Olaf e o yeti"
    " | uma máscara de yeti | quase um yeti | nosso Olaf | Olaf de férias | nenhum problema",
    "uk": "Моєму другу Олафу 40 | Мій друг Олаф | Закладаюся, він скаже Олаф | торт Олаф"
    " | дідусь Олаф | дядько Олаф | шапка Олафа | це не Олаф | Це Олаф? | для Олафа | Олаф і єті"
    " | маска єті | майже єті | наш Олаф | Олаф із друзями | Олаф з тортом | Єті під ліжком",
}
GUESSES = {
    "en": "guess | guess! | Guess who! | guess what it is | Guess who it is 🤔 | /who guess"
    " | Can you guess? | please guess | Take a guess! | everybody guess | Let\u2019s guess",
    "de": "raten | Rate mal! | Ratet mal | Ratet! | Ratet mal, wer das ist | Bitte raten"
    " | Was ist das? Ratet mal! | rat mal wer es ist | RATEN 🤔 | Alle raten!",
    "fr": "Devine ! | devinez | Devinez qui c\u2019est | devine ce que c'est | Devinons"
    " | À vous de deviner | devinette | Qui est-ce ? Devinez ! | DEVINE 🤔 | Devine qui"
    " | allez, devinez !",
    "es": "¡Adivina! | adivinen | Adivina quién es | adivina qué es | A adivinar | adivinad"
    " | ¿Quién es? ¡Adivina! | adivinanza | ADIVINA 🤔 | Vamos a adivinar",
    "pt": "Adivinhe | adivinha! | Adivinhem | Adivinha quem é | adivinhe o que é"
    " | Vamos adivinhar | Quem é? Adivinhe! | ADIVINHA 🤔 | todos adivinhem | agora adivinhem",
    "uk": "Вгадайте | вгадай! | Вгадай, хто це | вгадай що це | Відгадай | Угадай!"
    " | Хто це? Вгадайте! | ВГАДАЙ 🤔 | Спробуй вгадати | Нумо вгадувати | відгадайте, хто там",
}
NO_GUESSES = {
    "en": "Guess who came to dinner | rate my yeti | I guess it melted | guessed | my best guess"
    " | guess again and you lose | Guess what happened today | she will guess it is Olaf"
    " | no need to guess | a wild guess says Olaf | guess jeans are back | second-guess",
    "de": "Rate mal, wer zum Essen kam | Das habe ich geraten | ratenweise bezahlt | Raten zahlen"
    " | Wer hat das geraten? | geraten! | Ratet nicht schon wieder falsch | die Rate ist fällig"
    " | ich kann nur raten | Rate mal, was mir passiert ist",
    "fr": "Devine qui est venu dîner | Je devine que c\u2019est fondu | deviné | La devineresse"
    " | tu ne devineras jamais | Devine ce qui m'est arrivé | il a deviné Olaf"
    " | une devinette pour Léo | rien à deviner ici | on devine la mer",
    "es": "Adivina quién vino a cenar | Adiviné | el adivino | la adivinanza de ayer"
    " | nunca adivinas | Adivina qué me pasó hoy | adivinaron Olaf | no hay que adivinar nada"
    " | yo adivino el futuro | adivina, adivinador de circo",
    "pt": "Adivinhe quem veio jantar | adivinhei | o adivinho | a adivinha de ontem"
    " | ninguém adivinha nada | Adivinha o que aconteceu hoje | adivinharam Olaf"
    " | não precisa adivinhar | eu adivinho tudo | adivinhe e ganhe",
    "uk": "Вгадай, хто прийшов на вечерю | вгадав | я вгадала | гадаю, розтанув"
    " | ніхто не вгадає | Вгадай, що сталося сьогодні | вгадали Олафа | не треба вгадувати"
    " | вчора вгадували | вгадай мелодію",
}
MADE = {
    "en": "I made this | We made it ourselves! | our snowman Olaf, homemade | Olaf, handmade"
    " | I built this snowman today | I\u2019ve made a yeti | Home-made! | made by me"
    " | an Olaf out of fruit | I drew it | my own work | a homemade Olaf",
    "de": "selbst gebastelt | Hab ich selbst gemacht | Das haben wir gebaut! | Olaf, selbst gemalt"
    " | selbstgemacht | Ich habe das ganz allein gemalt | von mir gebastelt | ein Olaf aus Obst"
    " | Den Schneemann haben wir gebaut | handgemacht | ein selbstgebastelter Yeti",
    "fr": "C\u2019est moi qui l\u2019ai fait | fait maison | Je l'ai dessiné | fait main"
    " | On l\u2019a construit ensemble | un Olaf en fruits | fait par moi | Olaf, fait maison"
    " | J'ai fait un Olaf | nous l'avons bricolé | Je l'ai fait moi-même !",
    "es": "Lo hice yo | hecho a mano | Lo hicimos nosotros | hecho en casa | Olaf, hecho por mí"
    " | Yo lo dibujé | un Olaf hecho de frutas | Hicimos un muñeco de nieve | casero"
    " | ¡Lo construimos hoy! | mi propia obra",
    "pt": "Eu que fiz | feito à mão | Fui eu que fiz | feito em casa | Olaf, feito por mim"
    " | Eu mesma fiz | um Olaf feito de frutas | Fizemos um boneco de neve | caseiro"
    " | desenhei isso hoje | nós fizemos",
    "uk": "Я зробила це сама | зроблено власноруч | Це ми зліпили | своїми руками | саморобка"
    " | Олаф, зроблений власноруч | Олаф із фруктів | Я сам намалював | ми зробили сніговика"
    " | Ми зліпили Олафа | моя робота",
}
NOT_MADE = {
    "en": "I made it to the top | My brother made this | I didn\u2019t make this | made in China"
    " | Did you make this? | I made a mistake | bought, not homemade stuff | Olaf | who made this?"
    " | I made this? | homemade pizza night",
    "de": "selbst gekauft | Das hat Oma gemacht | Hab ich nicht gemacht | made in China"
    " | Hast du das gemacht? | Wir haben Urlaub gemacht | Olaf | selbst gesehen"
    " | handgemachte Nudeln beim Italiener | nicht selbst gebastelt"
    " | Ich habe das Licht ausgemacht",
    "fr": "C\u2019est mamie qui l\u2019a fait | Je ne l'ai pas fait | Tu l'as fait ? | Olaf"
    " | fait en Chine | il fait froid | J'ai fait une erreur | On a fait la fête"
    " | restaurant fait maison à Lyon | pas fait maison",
    "es": "Lo hizo mi abuela | no lo hice yo | ¿Lo hiciste tú? | Olaf | hecho en China"
    " | hice un error | hicimos una fiesta | comida casera de Luisa | hace frío | no es casero",
    "pt": "Minha avó que fez | não fui eu que fiz | Você que fez? | Olaf | feito na China"
    " | fiz um erro | fizemos uma festa | pão caseiro da vovó | faz frio | não é caseiro",
    "uk": "Це зробила бабуся | я цього не робила | Ти це зробив? | Олаф | зроблено в Китаї"
    " | я зробив помилку | ми зробили перерву | домашній борщ | холодно | не саморобка",
}


def cases(captions: dict[str, str]) -> list[str]:
    """Return the captions, each of which is written between bars."""
    found = {
        language: [one.strip() for one in row.split(" | ")] for language, row in captions.items()
    }
    assert set(found) == set(LANGUAGES)
    assert all(len(set(row)) >= 10 for row in found.values())
    return [caption for row in found.values() for caption in row]


@pytest.mark.parametrize(
    ("caption", "label"),
    [
        (caption, label)
        for label, captions in zip(Label, (OLAF, YETI, NEITHER), strict=True)
        for caption in cases(captions)
    ],
)
def test_a_caption_that_is_a_truth_tells_it(caption: str, label: Label) -> None:
    assert truth_in(caption) is label
    assert not wants_guesses(caption)


@pytest.mark.parametrize("caption", [*cases(NO_TRUTH), "", "⛄"])
def test_a_caption_that_only_mentions_a_name_tells_nothing(caption: str) -> None:
    assert truth_in(caption) is None


@pytest.mark.parametrize("caption", cases(GUESSES))
def test_a_caption_can_ask_for_guesses(caption: str) -> None:
    assert wants_guesses(caption)
    assert truth_in(caption) is None


@pytest.mark.parametrize("caption", [*cases(NO_GUESSES), "/guess", "", *cases(NO_TRUTH)])
def test_a_caption_that_only_sounds_like_it_asks_for_none(caption: str) -> None:
    assert not wants_guesses(caption)


@pytest.mark.parametrize("caption", cases(MADE))
def test_a_caption_can_say_that_it_was_made(caption: str) -> None:
    assert made_in(caption)


@pytest.mark.parametrize("caption", [*cases(NOT_MADE), *cases(NO_GUESSES), *cases(NO_TRUTH)])
def test_a_caption_that_does_not_say_so_clearly_says_nothing_of_who_made_it(caption: str) -> None:
    assert not made_in(caption)


@pytest.mark.parametrize("bot", ["@snow_bot", "@SnowPeopleBot,", "<@1234>", "<@!1234>:", "/who"])
def test_the_bots_name_before_a_truth_is_left_out(bot: str) -> None:
    assert truth_in(f"{bot} it's a yeti") is Label.ABOMINABLE
    assert truth_in(f"{bot}") is None
    assert wants_guesses(f"{bot} guess")


def test_the_bots_own_name_is_no_truth() -> None:
    assert truth_in("@Olaf") is None
    assert truth_in("@olaf_bot") is None
    assert truth_in("@Olaf Bot") is None
    assert truth_in("Olaf, is that a yeti?") is None


def test_a_long_caption_is_a_story() -> None:
    assert truth_in("Olaf! " * 30) is Label.OLAF
    assert truth_in("Olaf! " * 40) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_bot_itself_calls_it_is_understood(language: str) -> None:
    speaker = speaker_for(language)
    for label in Label:
        assert truth_in(speaker.rounds.truth_button(label)) is label
        assert truth_in(speaker.text.label(label)) is label
    quoted = re.search("[\u201c\u201e\u00ab](.+?)[\u201c\u201d\u00bb]", speaker.rounds.guess_how())
    assert quoted is not None
    assert wants_guesses(quoted[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_challenge_out_of_something_is_a_truth_and_was_made(language: str) -> None:
    english = speaker_for("en").challenges.challenges()
    ideas = speaker_for(language).challenges.challenges()
    for index, idea in enumerate(english):
        if " out of " in idea:
            label = Label.OLAF if "Olaf" in idea else Label.ABOMINABLE
            assert (truth_in(ideas[index]), made_in(ideas[index])) == (label, True), ideas[index]


@given(st.text(max_size=300))
def test_any_caption_can_be_read(caption: str) -> None:
    assert truth_in(caption) in (*Label, None)
    assert wants_guesses(caption) in (True, False)
    assert made_in(caption) in (True, False)
