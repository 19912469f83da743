# Letters. Neutral: no name of a person, no specialty, no reason. `-at` is for patients who agreed to times by mail.
mail-subject-booked = Su próxima cita
mail-subject-moved = Su cita tiene una nueva hora
mail-subject-cancelled = Su cita se canceló
mail-subject-reminder = Su próxima cita
mail-subject-new-link = Un enlace nuevo para su cita

mail-booked = Este es el enlace de su próxima cita. La clínica ya le dijo cuándo es.
mail-booked-at = Su cita es el { $when }.
mail-moved = Su cita tiene una nueva hora. Si no la sabe, llámenos. Los enlaces que le enviamos antes ya no funcionan. Este es el nuevo.
mail-moved-at = Su cita tiene una nueva hora: { $when }. Los enlaces que le enviamos antes ya no funcionan. Este es el nuevo.
mail-cancelled = Su cita se canceló. Los enlaces que le enviamos para ella ya no funcionan.
mail-cancelled-at = Su cita del { $when } se canceló. Los enlaces que le enviamos para ella ya no funcionan.
mail-reminder = Su cita ya está cerca. Este es un enlace para ella.
mail-reminder-at = Su cita ya está cerca: { $when }. Este es un enlace para ella.
mail-new-link = Este es el enlace nuevo que nos pidieron. Desde ahora use este, por favor.
mail-new-link-at = Este es el enlace nuevo para su cita del { $when }. Desde ahora use este, por favor.

mail-link-before = Abra este enlace cuando llegue la hora. Funciona desde { $minutes } minutos antes del comienzo.
mail-link-label = Abrir su cita
mail-code = Si el enlace no se abre, vaya a { $address } y escriba este código:
mail-asked = Se le pedirá su fecha de nacimiento, o el código de consulta si la clínica le dio uno.
mail-keep = Este enlace es para usted. Por favor, no lo reenvíe.
mail-questions = ¿Preguntas, o prefiere otra hora? Llame a { $clinic } al { $phone }.
mail-emergency = En una emergencia llame al { $phone }. No espere una cita.
mail-stop = Para cambiar estos correos o dejar de recibirlos, llame al { $phone }.

# In every letter in every language (45 CFR 92.11). Without accents, so that an English letter leaves as it is written.
mail-language-help = Ayuda gratis con el idioma, y si le cuesta ver o escuchar: llame al { $phone }.

mail-calendar-summary = Cita
