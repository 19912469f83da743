# The pages that are open to everybody: privacy, encryption, help.

clinic-privacy-title = Privacidad
clinic-privacy-short = Esta página dice qué guarda este sistema sobre usted, para qué, por cuánto tiempo y cómo lo protege.
clinic-privacy-sealed = “Sellado” quiere decir cifrado con una clave que no está en la base de datos. Quien robe la base de datos no puede leerlo. El servidor de la clínica sí puede abrirlo, y cada vez que lo abre se anota antes en el registro de accesos.
clinic-privacy-caption = Qué se guarda
clinic-privacy-why = Para qué
clinic-privacy-long = Cuánto tiempo
clinic-privacy-how = Cómo se guarda

clinic-kept-patient-what = Su nombre, fecha de nacimiento, teléfono y número de expediente
clinic-kept-patient-why = Para saber quién es usted y comprobar que su enlace le llegó a usted
clinic-kept-patient-long = Mientras la clínica conserve su expediente
clinic-kept-patient-how = Sellado. Para encontrarle, una huella con clave de su nombre y de su número de expediente; para comprobarla, una de su fecha de nacimiento

clinic-kept-contact-what = Su correo electrónico, idioma, zona horaria y qué correos aceptó recibir
clinic-kept-contact-why = Para enviarle el enlace de su consulta y los recordatorios como usted desea
clinic-kept-contact-long = Mientras la clínica conserve su expediente
clinic-kept-contact-how = El correo electrónico está sellado, con una huella con clave para encontrarlo. El idioma, la zona horaria y lo que aceptó, no

clinic-kept-visit-what = Cuándo son sus consultas, con quién y cómo fueron: reservada, llegó, entró, terminó, cómo se le reconoció, qué aceptó y si alguien estaba con usted
clinic-kept-visit-why = Para hacer la consulta y para que nadie tenga dos a la misma hora
clinic-kept-visit-long = Mientras la clínica conserve su expediente
clinic-kept-visit-how = Sin sellar, con números al azar en lugar de nombres

clinic-kept-reason-what = El motivo de la consulta, el nombre de quien le acompaña y los mensajes que recibe mientras espera
clinic-kept-reason-why = Para que le atiendan con preparación y usted sepa cuánto falta
clinic-kept-reason-long = Mientras la clínica conserve su expediente
clinic-kept-reason-how = Sellado

clinic-kept-note-what = La nota que escribe sobre la consulta quien le atiende
clinic-kept-note-why = Es parte de su tratamiento
clinic-kept-note-long = Mientras la clínica conserve su expediente
clinic-kept-note-how = Sellado. Solo la abre quien le atendió en esa consulta

clinic-kept-call-what = La imagen, el sonido y el chat de la llamada
clinic-kept-call-why = No se guardan
clinic-kept-call-long = Nada de tiempo
clinic-kept-call-how = Cifrados entre los dos dispositivos

clinic-kept-mail-what = Los correos para usted que esperan salir
clinic-kept-mail-why = Para que ninguno se pierda cuando el servidor se reinicia
clinic-kept-mail-long = El contenido, hasta que sale; que salió y cuándo, tanto como el expediente
clinic-kept-mail-how = Aquí, sellado. En el camino es un correo común, por eso dice poco

clinic-kept-link-what = Los enlaces de sus consultas y el dispositivo en que abrió uno
clinic-kept-link-why = Para que un enlace se abra en un solo dispositivo
clinic-kept-link-long = Mientras la clínica conserve su expediente
clinic-kept-link-how = Como huellas con las que no se puede hacer ningún enlace

clinic-kept-cookie-what = Una cookie en su dispositivo por cada consulta
clinic-kept-cookie-why = Para que conserve su lugar cuando vuelve a cargar la página
clinic-kept-cookie-long = Hasta que cierre el navegador o termine la consulta
clinic-kept-cookie-how = Un número al azar que ningún programa de la página puede leer

clinic-kept-language-what = Una cookie con el idioma, si usted lo elige en una página
clinic-kept-language-why = Para que todas las páginas le hablen en ese idioma
clinic-kept-language-long = Hasta que cierre el navegador
clinic-kept-language-how = Solo el nombre del idioma. No dice quién es usted

clinic-kept-log-what = El registro de accesos: quién hizo qué, cuándo, desde qué dirección de red y con qué tipo de dispositivo
clinic-kept-log-why = Para que usted y la clínica puedan saber quién miró qué
clinic-kept-log-long = El tiempo que la ley le exige a la clínica
clinic-kept-log-how = Los detalles están sellados, sin nombres. Las horas y los tipos de sucesos, no

clinic-kept-tries-what = Cuántas veces falló un inicio de sesión o la comprobación de un enlace
clinic-kept-tries-why = Para que nadie pueda adivinar
clinic-kept-tries-long = Hasta el próximo acierto o hasta que termine el bloqueo
clinic-kept-tries-how = Se cuentan con huellas con clave o con el número al azar de la consulta

clinic-kept-staff-what = Nombres, correos electrónicos, funciones e inicios de sesión de quienes trabajan aquí
clinic-kept-staff-why = Para que cada quien actúe con su propio nombre
clinic-kept-staff-long = Mientras el registro de accesos los nombre
clinic-kept-staff-how = Sin sellar. Las contraseñas, solo como una huella lenta (Argon2id)

clinic-privacy-never-title = Lo que nunca pasa
clinic-privacy-never = Ninguna llamada se graba. Ninguna página carga nada de otra empresa. No hay publicidad ni se estudia cómo usa usted las páginas. Nada anota si usted está mirando la página.
clinic-privacy-rights-title = Sus preguntas
clinic-privacy-rights = Puede preguntar a la clínica qué se guarda sobre usted, pedir que se corrija y saber quién lo ha mirado:

clinic-encryption-title = Cifrado
clinic-encryption-who-title = Quién puede ver y oír la llamada
clinic-encryption-who = Las dos personas que están en ella. Imagen, sonido y chat van cifrados de extremo a extremo: se cierran en un navegador y se abren en el otro (DTLS-SRTP). Viajan directamente, o por un servidor intermedio sin clave alguna, que solo conoce direcciones, horas y tamaños. Nada se graba, y el chat desaparece al final.
clinic-encryption-live = Qué cifrado y camino usa una llamada se mide en ella: pulse «Seguridad».
clinic-encryption-server-title = Qué ve el servidor de la clínica
clinic-encryption-server = Quién se encuentra con quién, cuándo, cuánto tiempo y desde qué direcciones de red; los mensajes con que los dos navegadores se encuentran, y su tamaño. No ve imagen, sonido ni chat.
clinic-encryption-breaks-title = Qué lo puede romper
clinic-encryption-breaks-code = Alguien que altere este sitio web: usted confía en que la clínica, y quien maneja su servidor, no lo harán.
clinic-encryption-breaks-words = No comparar las cuatro palabras: nadie nota a alguien en medio. O una voz imitada.
clinic-encryption-breaks-device = Un programa dañino en uno de los dispositivos.
clinic-encryption-breaks-room = Alguien que esté en el cuarto, o una persona que filme la pantalla.
clinic-encryption-not-title = Qué no va cifrado de extremo a extremo
clinic-encryption-not = Las citas, los correos, los mensajes de la sala de espera y las notas. El servidor puede leerlos, porque trabaja con ellos. En su base de datos, nombres, contactos, motivos, mensajes y notas están cifrados con una clave guardada en otro lugar; las horas de las consultas y números al azar sí se leen allí. El correo viaja como cualquier otro, por eso el nuestro dice poco.

clinic-help-title = Ayuda
clinic-help-emergency = En una emergencia no espere una consulta aquí. Llame al
clinic-help-link-title = El enlace no se abre
clinic-help-link = Copie la dirección completa del correo y péguela en Safari, Chrome, Edge o Firefox. O
clinic-help-join = escriba aquí el código del correo.
clinic-help-check-title = La página no acepta mi fecha de nacimiento
clinic-help-check = Compruebe que es la suya y escriba el año completo, por ejemplo 23/04/1980. Después de varios intentos equivocados espere 15 minutos, o llámenos: puede ser que la tengamos de otra forma.
clinic-help-camera-title = La cámara o el micrófono no funciona
clinic-help-camera = Cierre otros programas que los usen. Cuando el navegador pregunte, permita los dos. Si antes dijo que no, toque el símbolo junto a la dirección de esta página, permita la cámara y el micrófono, y cargue la página de nuevo.
clinic-help-sound-title = No oigo nada
clinic-help-sound = Suba el volumen de su dispositivo y elija el altavoz o los audífonos correctos. Si la página muestra un botón para el sonido, tóquelo.
clinic-help-waiting-title = Estoy esperando
clinic-help-waiting = Deje la página abierta. Conserva su lugar aunque la cargue de nuevo o se corte la conexión por un momento. La llamada empieza en cuanto le dejen entrar.
clinic-help-staff-title = Trabajo aquí
clinic-help-staff = Pida a su administrador una dirección para crear su contraseña. Después,
clinic-help-sign-in = inicie sesión.
clinic-help-call-title = Nada ayuda
clinic-help-call = Llámenos:

# A third person (ACC-10).
clinic-third-title = Una tercera persona en la llamada
clinic-third-link = ¿Un intérprete, o alguien en otro lugar?
clinic-third-short = Aquí una llamada es entre dos personas: el paciente y quien le atiende. Por ahora nadie puede entrar desde un tercer dispositivo.
clinic-third-beside-title = Hay alguien con usted en la habitación
clinic-third-beside = Esa persona puede ver y oír la llamada con usted. Antes de entrar, escriba quién es en “Alguien está conmigo”. Quien le atiende ve el nombre y lo habla con usted.
clinic-third-phone-title = Un intérprete, o alguien que está en otro lugar
clinic-third-before = Participa por teléfono, y la videollamada sigue al mismo tiempo. El intérprete no le cuesta nada. Díganos antes de la consulta que necesita uno, o a quién podemos llamar:
clinic-third-step-call = Durante la videollamada, quien le atiende llama a esa persona por teléfono y pone el teléfono en altavoz junto al micrófono.
clinic-third-step-who = Quien le atiende dice quién está en el teléfono, con su nombre, y para qué.
clinic-third-step-agree = El paciente dice si está de acuerdo. Si no dice que sí, quien le atiende cuelga.
clinic-third-step-speak = Todos hablan con frases cortas, uno después del otro. Los tres se oyen.
clinic-third-step-note = Al final, quien le atiende cuelga el teléfono y escribe en la nota quién participó y que el paciente estuvo de acuerdo.
clinic-third-known-title = Conviene saber
clinic-third-known = La videollamada sigue cifrada de extremo a extremo. La línea de teléfono es una línea común: no lo está. Quien está en el teléfono oye, y no ve nada. Un niño u otro familiar no reemplaza a un intérprete, salvo en una emergencia mientras se llama a uno.

clinic-about-title = Acerca de este programa
clinic-about-short = Las consultas de esta clínica funcionan con Anteroom { $version }, en un servidor que la clínica eligió.
clinic-about-code-title = Qué código funciona aquí
clinic-about-code = Cada vez que el servidor arranca, escribe estas huellas en el registro de accesos, para que un auditor pueda saber después de qué versión salió una página.
clinic-about-version = Versión
clinic-about-program = Huella del programa
clinic-about-served = Huella de todos los archivos que reciben los navegadores
clinic-about-limits = Estas huellas dicen qué está hecho para entregar este servidor. No demuestran qué recibió su navegador: un servidor que alguien cambió también podría mostrar esta página.
clinic-about-files = Cada archivo con su huella
